"""From the cells of one row to the fields of a customer, held to the rules of the form that people type into."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
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
from customers.imports.reader import Record, RecordError
from customers.models import Customer, ImportJob
from customers.queries.duplicates import phone_key, website_domain
from partnerportal.agencies.models import Agency
from partnerportal.core.countries import country_choices
from partnerportal.core.email_addresses import canonical_address

#: A place of the cells or None (the whole row), and what is wrong.
RowError = tuple[int | None, str]

_KINDS = {"company": "company|Firma|Unternehmen|business|organisation|organization|B2B", "person": "person|Privatperson|Privat|private|B2C"}
_SALUTATIONS = {"ms": "ms|mrs|miss|Frau|Fr", "mr": "mr|Herr|Herrn|Hr", "mx": "mx|Divers"}
_LANGUAGES = {"en": "en|english|Englisch|en-GB|en-US", "de": "de|german|Deutsch|de-DE|de-AT|de-CH"}
_STATUSES = {"active": "active|Aktiv", "archived": "archived|Archiviert|inactive|Inaktiv"}
#: What people write for a country besides its code and its name.
_COUNTRIES = {"D": "DE", "A": "AT", "BRD": "DE", "UK": "GB", "USA": "US", "England": "GB", "Holland": "NL"}


#: Characters of a wrong value that its message repeats.
PREVIEW_LENGTH = 80


@dataclass
class ParsedRow:
    """What one record says about a customer."""

    line: int
    cells: list[str]
    fields: dict[str, Any] = field(default_factory=dict)
    domains: list[str] = field(default_factory=list)
    problems: list[RowError] = field(default_factory=list)

    @property
    def email(self) -> str:
        """The e-mail address, to be compared."""
        return canonical_address(str(self.fields.get("email", "")))

    @property
    def phone(self) -> str:
        """The phone number, to be compared."""
        return phone_key(self.fields.get("phone", ""))

    @property
    def website(self) -> str:
        """The domain name in the website's address."""
        return website_domain(self.fields.get("website", ""))


class RowForm(CustomerForm):
    """The customer form, used for one row after the other: making a form takes many times as long as checking a row."""

    def __init__(self, *, agency: Agency) -> None:
        super().__init__({}, agency=agency)
        del self.fields["form_number"]
        # The rule of the form field is the model's, too; and the names of all countries need not be made for each row.
        self._chosen = {name for name, field in self.fields.items() if isinstance(field, forms.ChoiceField)}
        for name in self._chosen - {"responsible"}:
            field = cast(Any, self.fields[name])
            field.choices = [(value, "") for value, _label in field.choices]

    def problems_of(self, texts: dict[str, str]) -> dict[str, list[str]]:
        """What is wrong with these texts, by field; then `cleaned_data` holds what is right."""
        self.data, self.instance, self._errors = texts, Customer(), None
        return {name: [str(error) for error in errors] for name, errors in self.errors.items()}

    def _post_clean(self) -> None:
        """As a model form does it, but the constraints: each would be a query, and what they say is checked before."""
        instance = construct_instance(self, self.instance, self._meta.fields)
        try:
            instance.clean_fields(exclude=self._get_validation_exclusions() | self._chosen)  # type: ignore[attr-defined]
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]


class RowParser:
    """Reads rows of one import."""

    def __init__(self, job: ImportJob) -> None:
        agency = job.agency
        self._width = len(job.headings)
        self._columns = job.columns
        self._places = {name: place for place, name in self._columns.items()}
        self._form = RowForm(agency=agency)
        self._language = agency.language
        self._members = {canonical_address(email): pk for email, pk in agency.members.values_list("email", "pk")}

    def read(self, record: Record) -> ParsedRow:
        """The row's fields, and what is wrong with it; messages are in the active language."""
        row = ParsedRow(record.line, record.cells)
        row.problems = list(self._problems_of_record(record))
        if row.problems:
            return row
        texts = {name: unescape_formula(record.cells[place]).strip() for place, name in self._columns.items() if place < len(record.cells)}
        row.domains = self._domains(texts.pop("domains", ""), row)
        responsible, status = texts.pop("responsible", ""), texts.pop("status", "")
        problems = self._form.problems_of(self._understood(texts))
        for name, messages in problems.items():
            row.problems += [(self._places.get(name), message) for message in messages]
        row.fields = {name: self._form.cleaned_data.get(name, "") for name in FORM_FIELDS}
        row.fields["responsible_id"] = self._responsible(responsible, row)
        row.fields["status"] = self._status(status, row)
        return row

    def _problems_of_record(self, record: Record) -> list[RowError]:
        if record.problem == RecordError.TOO_LONG:
            return [(None, _("This row is too long."))]
        if record.problem == RecordError.OPEN_QUOTE:
            return [(None, _("This row has an opening quotation mark but no closing one."))]
        if any(cell.strip() for cell in record.cells[self._width :]):
            text = _(
                "This row has %(found)d cells, but the file has %(expected)d columns. "
                "Put cells that contain the delimiter in quotation marks."
            )
            return [(None, text % {"found": len(record.cells), "expected": self._width})]
        unreadable = [place for place, cell in enumerate(record.cells) if "\N{REPLACEMENT CHARACTER}" in cell and place in self._columns]
        return [(place, _("This text can’t be read. The file may use a different encoding.")) for place in unreadable]

    def _understood(self, texts: dict[str, str]) -> dict[str, str]:
        """The texts with words turned into the values that the form knows, and with what follows from others."""
        kind = _lookup_value(_words(_KINDS), texts.get("kind", "")) or ("company" if texts.get("company") else "person")
        return {
            **texts,
            "kind": kind,
            "salutation": _lookup_value(_words(_SALUTATIONS), texts.get("salutation", "")),
            "language": _lookup_value(_words(_LANGUAGES), texts.get("language", "")) or self._language,
            "country": country_code(texts.get("country", "")),
        }

    def _domains(self, text: str, row: ParsedRow) -> list[str]:
        names: dict[str, None] = {}
        for typed in re.split(r"[\s,;]+", text):
            if typed:
                try:
                    names[to_ascii(typed)] = None
                except ValidationError as error:
                    row.problems.append((self._places["domains"], f"{typed[:PREVIEW_LENGTH]}: {error.messages[0]}"))
        return list(names)

    def _responsible(self, email: str, row: ParsedRow) -> int | None:
        if not email:
            return None
        if canonical_address(email) not in self._members:
            row.problems.append((self._places["responsible"], _("No one on your team has this e-mail address.")))
        return self._members.get(canonical_address(email))

    def _status(self, text: str, row: ParsedRow) -> str:
        status = _lookup_value(_words(_STATUSES), text) or Customer.Status.ACTIVE
        if status not in _STATUSES:
            row.problems.append((self._places["status"], _("Enter “active” or “archived”.")))
        return str(status)


def country_code(text: str) -> str:
    """The ISO code of a country given by code or by name, in English or German; the text itself if it is neither."""
    return _countries().get(normalize(text), text) if text else ""


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    found = {normalize(short): code for short, code in _COUNTRIES.items()}
    for language in ("en", "de"):
        with translation.override(language):
            choices = country_choices()
        found |= {normalize(name): code for code, name in choices if normalize(name)}
        found |= {normalize(code): code for code, _name in choices}
    return found


@lru_cache(maxsize=8)
def _lookup(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {normalize(word): value for value, words in items for word in words.split("|")}


def _words(table: dict[str, str]) -> dict[str, str]:
    return _lookup(tuple(table.items()))


def _lookup_value(words: dict[str, str], text: str) -> str:
    """The value that the text means; the text itself, for the form to refuse, if it means none."""
    return words.get(normalize(text), text) if text else ""
