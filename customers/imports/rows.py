"""Conversion of CSV records into customer fields, validated by the rules of the customer form."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import construct_instance
from django.utils.translation import gettext as _

from customers.domain_names import to_ascii
from customers.forms.customers import CustomerForm
from customers.imports import words
from customers.imports.columns import EXPORT_HEADINGS, FORM_FIELDS, field_for_heading
from customers.imports.contacts import read_line, valid_value
from customers.imports.csv_output import unescape_formula
from customers.imports.definitions import DefinedCells
from customers.imports.reader import Record
from customers.imports.values import LINE_SEPARATOR, clean, is_rounded, one_line, several, split_name
from customers.models import ContactRole, Customer, ImportJob
from customers.queries.duplicates import folded_name, normalized, phone_key, website_domain
from partnerportal.agencies.models import Agency
from partnerportal.core.countries import without_accents
from partnerportal.core.email_addresses import canonical_address

#: Column number, or None for the whole row, and message.
RowError = tuple[int | None, str]

#: Maximum number of characters of an invalid value repeated in its error message.
PREVIEW_LENGTH = 80
#: Fields with a fixed set of values, and the function that recognizes them.
WORDS = {
    "kind": words.kind,
    "salutation": words.salutation,
    "language": words.language,
    "country": words.country,
    "status": words.status,
}


@dataclass
class ParsedRow:
    """The customer fields of one record, and its errors."""

    line: int
    cells: list[str]
    fields: dict[str, Any] = field(default_factory=dict)
    domains: list[str] = field(default_factory=list)
    #: Fields of the contacts besides the primary one.
    contacts: list[dict[str, str]] = field(default_factory=list)
    problems: list[RowError] = field(default_factory=list)
    #: Values that were added to the notes, because their field doesn't know them.
    remarks: list[RowError] = field(default_factory=list)
    #: The customer number, in files that the portal exported.
    number: int | None = None

    @property
    def email(self) -> str:
        """The e-mail address in canonical form, for comparisons."""
        return canonical_address(str(self.fields.get("email", "")))

    @property
    def emails(self) -> list[str]:
        """The e-mail addresses of all contacts in canonical form, the primary one's first."""
        return [email for email in (self.email, *(canonical_address(contact["email"]) for contact in self.contacts)) if email]

    @property
    def phone(self) -> str:
        """The phone number's digits, for comparisons."""
        return phone_key(self.fields.get("phone", ""))

    @property
    def name(self) -> str:
        """The name of the company, or first and last name of the person, for comparisons."""
        parts = (self.fields.get(field, "") for field in ("kind", "company", "first_name", "last_name"))
        return folded_name(*parts)

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


class Members:
    """The members of an agency by e-mail address and by name."""

    def __init__(self, agency: Agency) -> None:
        members = list(agency.members.values_list("pk", "email", "full_name"))
        self._by_text = {normalized(name): pk for pk, _email, name in members if name}
        self._by_text |= {canonical_address(email): pk for pk, email, _name in members}

    def find(self, text: str) -> int | None:
        """Return the member in a text such as “Mia Schröder”, “mia@…” or “Mia Schröder (mia@…)”."""
        addresses = (part.strip("()<>") for part in text.split() if "@" in part)
        candidates = (*map(canonical_address, addresses), normalized(text))
        return next((self._by_text[text] for text in candidates if text in self._by_text), None)


class RowParser:
    """Parser for the rows of one import."""

    def __init__(self, job: ImportJob) -> None:
        agency = job.agency
        self._width = len(job.headings)
        self._fields = job.columns
        self._headings = {column: heading or _("Column %(number)s") % {"number": column + 1} for column, heading in enumerate(job.headings)}
        # Exports of earlier versions have no contacts.
        self._is_own_export = {*EXPORT_HEADINGS} - {"contacts"} <= {*job.headings}
        self._is_text_file = job.source == job.Source.TEXT
        self._form = RowForm(agency=agency)
        self._language = agency.language
        self._members = Members(agency)
        self._defined = DefinedCells(agency, self._fields.values(), exact=self._is_own_export)

    def read(self, record: Record) -> ParsedRow:
        """Return the row's fields and errors, with messages in the active language."""
        row = ParsedRow(record.line, record.cells, problems=record_errors(record, self._width, self._fields))
        if row.problems:
            return row
        values = [self._exact(cell) for cell in record.cells] if self._is_own_export else record.cells
        cells = _Cells(self._fields, self._headings, values, row, exact=self._is_own_export)
        texts = {
            **cells.names(),
            "email": cells.email(),
            "phone": cells.phone(),
            "street": cells.street(),
            **{name: one_line(cells.text(name)) for name in ("website", "zip", "city")},
            **{name: cells.word(name, recognize) for name, recognize in WORDS.items()},
        }
        row.domains = self._domains(cells.text("domains"), cells, row)
        responsible = cells.word("responsible", self._members.find)
        status = texts.pop("status") or Customer.Status.ACTIVE
        row.number = number_in(cells.text("number"))
        texts["kind"] = texts["kind"] or ("company" if texts["company"] else "person")
        texts["language"] = texts["language"] or self._language
        defined = self._defined.read(cells)
        row.contacts = cells.contacts({name: texts[name] for name in ("salutation", "first_name", "last_name", "language")})
        texts["notes"] = cells.notes()
        for name, messages in self._form.errors_for(texts).items():
            row.problems += [(cells.column(name), message) for message in messages]
        if row.problems and len([cell for cell in record.cells if cell.strip()]) == 1 and not any(cells.names().values()):
            row.problems = [(None, _("This row contains only one value and no name. It may be a title or a footer."))]
            row.remarks = []
        row.fields = {name: self._form.cleaned_data.get(name, "") for name in FORM_FIELDS}
        row.fields["responsible_id"] = responsible or None
        row.fields["status"] = str(status)
        row.fields |= defined
        return row

    def _exact(self, cell: str) -> str:
        """Return the value in a cell of the portal's own export."""
        return unescape_formula(cell) if self._is_text_file else cell.replace(LINE_SEPARATOR, "\n")

    def _domains(self, text: str, cells: "_Cells", row: ParsedRow) -> list[str]:
        names: dict[str, None] = {}
        for typed in filter(None, re.split(r"[\s,;]+", text)):
            try:
                names[to_ascii(typed)] = None
            except ValidationError as error:
                row.problems.append((cells.column("domains"), f"{typed[:PREVIEW_LENGTH]}: {error.messages[0]}"))
        return list(names)


def record_errors(record: Record, width: int, columns: Collection[int]) -> list[RowError]:
    """Return the errors of a record that doesn't fit a table of this width, or whose mapped columns can't be read."""
    if record.error:
        return [(None, str(record.error.label))]
    if any(cell.strip() for cell in record.cells[width:]):
        message = _(
            "This row has %(found)d cells, but the file has %(expected)d columns. Put cells that contain the delimiter in quotation marks."
        )
        return [(None, message % {"found": len(record.cells), "expected": width})]
    unreadable = [column for column, cell in enumerate(record.cells) if "\N{REPLACEMENT CHARACTER}" in cell and column in columns]
    return [(column, _("This text can’t be read. The file may use a different encoding.")) for column in unreadable]


class _Cells:
    """The cells of one row by field. What has no field of its own is kept for the notes."""

    def __init__(self, fields: dict[int, str], headings: dict[int, str], cells: list[str], row: ParsedRow, *, exact: bool) -> None:
        """Read the cells. With `exact`, they contain what a customer's fields contain."""
        self._row = row
        self._exact = exact
        self._headings = headings
        self._columns: dict[str, list[int]] = {}
        self._texts: dict[int, str] = {}
        for column, name in fields.items():
            self._columns.setdefault(name, []).append(column)
            cell = cells[column] if column < len(cells) else ""
            self._texts[column] = cell.strip() if exact else clean(cell, name)
        self._kept: list[str] = []
        #: Further values by field of a contact.
        self._further: dict[str, list[str]] = {"email": [], "phone": []}

    def column(self, name: str) -> int | None:
        """Return the first column mapped to a field."""
        return next(iter(self._columns.get(name, [])), None)

    def text(self, name: str) -> str:
        """Return the text of a field with one column."""
        column = self.column(name)
        return "" if column is None else self._texts[column]

    def names(self) -> dict[str, str]:
        """Return the names of company and person. A full name is split, unless the file has the parts as well."""
        names = {name: one_line(self.text(name)) for name in ("company", "first_name", "last_name")}
        full_name = one_line(self.text("full_name"))
        if not full_name or names["last_name"]:
            return names
        parts = split_name(full_name)
        if names["company"]:
            return {**names, "first_name": names["first_name"] or parts.first, "last_name": parts.last or parts.company}
        return {"company": parts.company, "first_name": parts.first, "last_name": parts.last}

    def email(self) -> str:
        """Return the first e-mail address. The others are for `contacts`."""
        found = []
        for column, text in self._in_order("email", "other_email"):
            if text.lower().startswith("/o="):  # An X.500 address of Exchange, which only works within one organization.
                self.keep(column, text, _("This isn’t an e-mail address."))
            else:
                found += [(column, address) for address in self._several(text)]
        return self._first("email", found)

    def phone(self) -> str:
        """Return the first phone number. The others are for `contacts`."""
        found = [(column, number) for column, text in self._in_order("phone", "other_phone") for number in self._several(text)]
        for column, number in found:
            if is_rounded(number) and not self._exact:
                self._row.problems.append((column, _("A spreadsheet rounded this phone number. Enter the complete number.")))
        return self._first("phone", found)

    def contacts(self, person: dict[str, str]) -> list[dict[str, str]]:
        """Return the contacts in the column for them, and those with further addresses of this person.

        Keep what isn't valid.
        """
        found = []
        column = self.column("contacts")
        for line in filter(None, map(str.strip, self.text("contacts").splitlines())):
            if contact := read_line(line):
                found.append({**contact, "language": contact["language"] or person["language"]})
            elif column is not None:
                self.keep(column, line, _("This isn’t a contact as in an export of the portal."))
        pairs = zip_longest(self._further["email"], self._further["phone"], fillvalue="")
        return [*found, *({**person, "role": ContactRole.GENERAL.value, "email": email, "phone": phone} for email, phone in pairs)]

    def street(self) -> str:
        """Return street, house number and further address lines in one line."""
        street = " ".join(filter(None, (one_line(self.text("street"), ", "), self.text("house_number"))))
        further = [(column, one_line(text, ", ")) for column, text in self._in_order("address_line")]
        joined = ", ".join(filter(None, (street, *(text for _column, text in further))))
        if len(joined) <= cast(int, Customer._meta.get_field("street").max_length):
            return joined
        for column, text in further:
            self.keep(column, text, _("The address is too long for one line."))
        return street

    def word(self, name: str, recognize: Any) -> Any:
        """Return the value of a word, or an empty string. Keep unknown words and what a salutation can't express."""
        text = one_line(self.text(name))
        value = recognize(text) if text else ""
        column = self.column(name)
        if text and column is not None and not value:
            self.keep(column, text, _("This value isn’t recognized. Accepted: %(values)s.") % {"values": _accepted(name)})
        elif name == "salutation" and column is not None and value and not words.is_exact_salutation(text):
            self.keep(column, text)
        return value or ""

    def notes(self) -> str:
        """Return the notes, followed by what was kept."""
        plain = []
        for column, text in self._in_order("notes"):
            if field_for_heading(self._headings[column]) == "notes":
                plain.append(text)
            else:
                self.keep(column, text)
        return "\n".join([*plain, *self._kept])

    def _several(self, text: str) -> list[str]:
        return [text] if self._exact else several(text)

    def _in_order(self, *names: str) -> list[tuple[int, str]]:
        return [(column, self._texts[column]) for name in names for column in self._columns.get(name, []) if self._texts[column]]

    def _first(self, name: str, found: list[tuple[int, str]]) -> str:
        """Return the first value. Add the other ones to `_further`, unless they are repeated or not valid."""
        first = found[0][1] if found else ""
        for column, text in found[1:]:
            value = valid_value(name, text)
            if not value:
                self.keep(column, text)
            elif value != first and value not in self._further[name]:
                self._further[name].append(value)
        return first

    def keep(self, column: int, text: str, remark: str = "") -> None:
        """Keep a text for the notes, with a remark about the reason."""
        self._kept.append(f"{self._headings[column]}: {text}")
        if remark:
            kept = _("The value is added to the notes.")
            self.remark(column, f"{remark} {kept}")

    def remark(self, column: int, text: str) -> None:
        """Add a remark, which doesn't prevent the import."""
        self._row.remarks.append((column, text))


def _accepted(name: str) -> str:
    """Return the values that a field with a fixed set of values accepts."""
    if name == "country":
        return _("names and codes of countries")
    if name == "responsible":
        return _("names and e-mail addresses of your team")
    choices = cast(Any, Customer._meta.get_field(name)).flatchoices
    return ", ".join(str(label) for value, label in choices if value not in {Customer.Status.ERASED, Customer.Status.MERGED})


def names_in(text: str) -> set[str]:
    """Return what `folded_name` returns for a company or person with this name."""
    parts = split_name(text)
    return {normalized(without_accents(text.replace(",", " "))), folded_name("person", "", parts.first, parts.last)} - {""}


def number_in(text: str) -> int | None:
    """Return the number in a reference such as K-1001."""
    match = re.fullmatch(r"K-(\d{1,9})", text)
    return int(match[1]) if match else None
