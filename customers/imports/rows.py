"""Conversion of CSV records into customer fields, validated by the rules of the customer form."""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import construct_instance
from django.utils import translation
from django.utils.translation import gettext as _

from customers.domain_names import to_ascii
from customers.forms.customers import CustomerForm
from customers.imports.columns import FORM_FIELDS, normalize
from customers.imports.csv_output import unescape_formula
from customers.imports.reader import Record
from customers.models import Customer, ImportJob
from customers.queries.duplicates import phone_key, website_domain
from partnerportal.agencies.models import Agency
from partnerportal.core.countries import country_choices
from partnerportal.core.email_addresses import canonical_address

#: Column number, or None for the whole row, and message.
RowError = tuple[int | None, str]

#: Maximum number of characters of an invalid value repeated in its error message.
PREVIEW_LENGTH = 80


def _by_word(words: dict[str, str]) -> dict[str, str]:
    """Return the value of each normalized word."""
    return {normalize(word): value for value, joined in words.items() for word in joined.split("|")}


_KINDS = _by_word(
    {"company": "company|Firma|Unternehmen|business|organisation|organization|B2B", "person": "person|Privatperson|Privat|private|B2C"}
)
_SALUTATIONS = _by_word({"ms": "ms|mrs|miss|Frau|Fr", "mr": "mr|Herr|Herrn|Hr", "mx": "mx|Divers"})
_LANGUAGES = _by_word({"en": "en|english|Englisch|en-GB|en-US", "de": "de|german|Deutsch|de-DE|de-AT|de-CH"})
_STATUSES = _by_word({"active": "active|Aktiv", "archived": "archived|Archiviert|inactive|Inaktiv"})
#: Common abbreviations of countries besides ISO codes and names.
_COUNTRIES = {"D": "DE", "A": "AT", "BRD": "DE", "UK": "GB", "USA": "US", "England": "GB", "Holland": "NL"}


@dataclass
class ParsedRow:
    """The customer fields of one record, and its errors."""

    line: int
    cells: list[str]
    fields: dict[str, Any] = field(default_factory=dict)
    domains: list[str] = field(default_factory=list)
    problems: list[RowError] = field(default_factory=list)

    @property
    def email(self) -> str:
        """The e-mail address in canonical form, for comparisons."""
        return canonical_address(str(self.fields.get("email", "")))

    @property
    def phone(self) -> str:
        """The phone number's digits, for comparisons."""
        return phone_key(self.fields.get("phone", ""))

    @property
    def website(self) -> str:
        """The domain name of the website."""
        return website_domain(self.fields.get("website", ""))


class RowForm(CustomerForm):
    """The customer form, reused for every row because creating a form takes much longer than validating a row."""

    def __init__(self, *, agency: Agency) -> None:
        super().__init__({}, agency=agency)
        del self.fields["form_number"]
        # Form and model fields have the same choices, and their labels aren't needed.
        self._choice_fields = {name for name, field in self.fields.items() if isinstance(field, forms.ChoiceField)}
        for name in self._choice_fields - {"responsible"}:
            field = cast(Any, self.fields[name])
            field.choices = [(value, "") for value, _label in field.choices]

    def errors_for(self, texts: dict[str, str]) -> dict[str, list[str]]:
        """Validate these texts and return the errors by field. `cleaned_data` then contains the valid values."""
        self.data, self.instance, self._errors = texts, Customer(), None
        return {name: [str(error) for error in errors] for name, errors in self.errors.items()}

    def _post_clean(self) -> None:
        """Validate the model fields but not the constraints, which would need a query for every row."""
        instance = construct_instance(self, self.instance, self._meta.fields)
        try:
            instance.clean_fields(exclude=self._get_validation_exclusions() | self._choice_fields)  # type: ignore[attr-defined]
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]


class RowParser:
    """Parser for the rows of one import."""

    def __init__(self, job: ImportJob) -> None:
        agency = job.agency
        self._width = len(job.headings)
        self._fields = job.columns
        self._columns = {name: column for column, name in self._fields.items()}
        self._form = RowForm(agency=agency)
        self._language = agency.language
        self._members = {canonical_address(email): pk for email, pk in agency.members.values_list("email", "pk")}

    def read(self, record: Record) -> ParsedRow:
        """Return the row's fields and errors, with messages in the active language."""
        row = ParsedRow(record.line, record.cells, problems=self._record_errors(record))
        if row.problems:
            return row
        cells = [unescape_formula(cell).strip() for cell in record.cells]
        texts = {name: cells[column] for column, name in self._fields.items() if column < len(cells)}
        row.domains = self._domains(texts.pop("domains", ""), row)
        responsible, status = texts.pop("responsible", ""), texts.pop("status", "")
        for name, messages in self._form.errors_for(self._normalized(texts)).items():
            row.problems += [(self._columns.get(name), message) for message in messages]
        row.fields = {name: self._form.cleaned_data.get(name, "") for name in FORM_FIELDS}
        row.fields["responsible_id"] = self._responsible(responsible, row)
        row.fields["status"] = self._status(status, row)
        return row

    def _record_errors(self, record: Record) -> list[RowError]:
        if record.error:
            return [(None, str(record.error.label))]
        if any(cell.strip() for cell in record.cells[self._width :]):
            message = _(
                "This row has %(found)d cells, but the file has %(expected)d columns. "
                "Put cells that contain the delimiter in quotation marks."
            )
            return [(None, message % {"found": len(record.cells), "expected": self._width})]
        unreadable = [column for column, cell in enumerate(record.cells) if "\N{REPLACEMENT CHARACTER}" in cell and column in self._fields]
        return [(column, _("This text can’t be read. The file may use a different encoding.")) for column in unreadable]

    def _normalized(self, texts: dict[str, str]) -> dict[str, str]:
        """Replace words by the form's values, and add defaults."""
        kind = _lookup(_KINDS, texts.get("kind", "")) or ("company" if texts.get("company") else "person")
        return {
            **texts,
            "kind": kind,
            "salutation": _lookup(_SALUTATIONS, texts.get("salutation", "")),
            "language": _lookup(_LANGUAGES, texts.get("language", "")) or self._language,
            "country": _lookup(_country_codes(), texts.get("country", "")),
        }

    def _domains(self, text: str, row: ParsedRow) -> list[str]:
        names: dict[str, None] = {}
        for typed in filter(None, re.split(r"[\s,;]+", text)):
            try:
                names[to_ascii(typed)] = None
            except ValidationError as error:
                row.problems.append((self._columns["domains"], f"{typed[:PREVIEW_LENGTH]}: {error.messages[0]}"))
        return list(names)

    def _responsible(self, email: str, row: ParsedRow) -> int | None:
        if email and canonical_address(email) not in self._members:
            row.problems.append((self._columns["responsible"], _("No one on your team has this e-mail address.")))
        return self._members.get(canonical_address(email)) if email else None

    def _status(self, text: str, row: ParsedRow) -> str:
        status = _lookup(_STATUSES, text) or Customer.Status.ACTIVE
        if status not in _STATUSES.values():
            row.problems.append((self._columns["status"], _("Enter “active” or “archived”.")))
        return str(status)


def _lookup(values: dict[str, str], text: str) -> str:
    """Return the value of a word, or the word itself, which the form then rejects."""
    return values.get(normalize(text), text) if text else ""


@cache
def _country_codes() -> dict[str, str]:
    """Return the ISO codes of countries by code, abbreviation, and English and German name."""
    codes = {normalize(short): code for short, code in _COUNTRIES.items()}
    for language in ("en", "de"):
        with translation.override(language):
            choices = country_choices()
        codes |= {normalize(name): code for code, name in choices if normalize(name)}
        codes |= {normalize(code): code for code, _name in choices}
    return codes
