"""Rows of a domain list: new domains for existing customers, and new dates for existing domains."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import CharField, Func, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from customers.domain_names import to_ascii, to_unicode
from customers.imports import duplicates, words
from customers.imports.dates import AmbiguousDate, is_month_first, parse_date
from customers.imports.domain_columns import SWITCHES, UPDATED_FIELDS
from customers.imports.models import RowOutcome
from customers.imports.reader import MAX_COLUMNS, Record
from customers.imports.rows import RowError, names_in, number_in, record_errors
from customers.imports.values import clean, one_line
from customers.models import Customer, Domain, ImportJob, ImportRow
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record_all
from partnerportal.core.email_addresses import canonical_address


@dataclass
class DomainRow:
    """The domain of one record, the text that names its customer, and errors."""

    line: int
    cells: list[str]
    name: str = ""
    customer: str = ""
    #: Values of `UPDATED_FIELDS`, as far as the row contains them.
    fields: dict[str, Any] = field(default_factory=dict)
    problems: list[RowError] = field(default_factory=list)
    remarks: list[RowError] = field(default_factory=list)


class DomainParser:
    """Parser for the rows of one domain list."""

    def __init__(self, job: ImportJob, records: Iterable[Record]) -> None:
        """Use the first records to find out whether dates with slashes begin with the month."""
        self._width = len(job.headings)
        self._columns = {name: column for column, name in job.columns.items()}
        self._month_first = is_month_first(self._text(record, "expires_on") for record in records)

    def read(self, record: Record) -> DomainRow:
        """Return the row's values and errors, with messages in the active language."""
        row = DomainRow(record.line, record.cells, problems=record_errors(record, self._width, self._columns.values()))
        if row.problems:
            return row
        self._read_name(record, row)
        self._read_date(record, row)
        self._read_registrar(record, row)
        for name in SWITCHES:
            self._read_switch(record, row, name)
        row.customer = self._text(record, "customer")
        return row

    def _read_name(self, record: Record, row: DomainRow) -> None:
        try:
            row.name = to_ascii(self._text(record, "domain"))
        except ValidationError as error:
            row.problems.append((self._columns["domain"], error.messages[0]))

    def _read_date(self, record: Record, row: DomainRow) -> None:
        text, column = self._text(record, "expires_on"), self._columns.get("expires_on")
        if not text:
            return
        try:
            value = parse_date(text, month_first=self._month_first)
            row.fields["expires_on"] = Domain._meta.get_field("expires_on").clean(value, None)
        except AmbiguousDate:
            row.problems.append((column, _("Day and month of this date can’t be told apart. Write dates as 2027-12-31.")))
        except ValidationError as error:
            row.problems.append((column, error.messages[0]))
        except ValueError:
            row.problems.append((column, _("Enter a valid date, such as 2027-12-31.")))

    def _read_registrar(self, record: Record, row: DomainRow) -> None:
        if text := self._text(record, "registrar"):
            try:
                row.fields["registrar"] = Domain._meta.get_field("registrar").clean(text, None)
            except ValidationError as error:
                row.problems.append((self._columns["registrar"], error.messages[0]))

    def _read_switch(self, record: Record, row: DomainRow, name: str) -> None:
        if text := self._text(record, name):
            value = words.switch(text)
            if value is None:
                accepted = _("This value isn’t recognized. Accepted: %(values)s.") % {"values": _("yes, no, on, off")}
                row.remarks.append((self._columns[name], accepted))
            else:
                row.fields[name] = value

    def _text(self, record: Record, name: str) -> str:
        column = self._columns.get(name)
        return one_line(clean(record.cells[column], name)) if column is not None and column < len(record.cells) else ""


def check_rows(job: ImportJob, rows: list[DomainRow]) -> list[ImportRow]:
    """Return the rows with their expected outcome."""
    valid = [row for row in rows if not row.problems]
    stored = {domain.name: domain for domain in job.agency.domains.filter(name__in=[row.name for row in valid]).select_related("customer")}
    owners = _Owners(job.agency, [row for row in valid if row.name not in stored or row.customer])
    lines = duplicates.first_lines(job, (_key(row) for row in valid))
    columns = {name: column for column, name in job.columns.items()}
    new_lines: dict[str, int] = {}
    checked = []
    for row in rows:
        result = ImportRow(job=job, agency_id=job.agency_id, line=row.line, cells=row.cells[:MAX_COLUMNS], outcome=RowOutcome.ERROR)
        result.problems, result.remarks = row.problems, row.remarks
        checked.append(result)
        if row.problems:
            continue
        if _key(row) in lines:
            result.outcome, result.duplicate_line, result.reasons = RowOutcome.DUPLICATE_ROW, lines[_key(row)], ["domain"]
            continue
        lines[_key(row)] = new_lines[_key(row)] = row.line
        _decide(result, row, stored.get(row.name), owners, columns)
    duplicates.store_keys(job, new_lines)
    return checked


def _decide(result: ImportRow, row: DomainRow, stored: Domain | None, owners: "_Owners", columns: dict[str, int]) -> None:
    """Set the outcome of a valid row, and the customer that owns the domain or is to own it."""
    result.values = {"domains": [row.name], "fields": row.fields}
    found, how = owners.find(row)
    if stored:
        result.customer = stored.customer
        result.outcome = RowOutcome.UPDATE if _changes(stored, row.fields) else RowOutcome.UNCHANGED
        if found and stored.customer not in found:
            result.remarks = [*result.remarks, (columns["customer"], _("The domain stays with %s.") % stored.customer.reference)]
        return
    if len(found) != 1:
        result.problems = [(columns.get("customer"), _no_customer(row, found))]
        return
    [result.customer] = found
    if result.customer.is_archived:
        result.problems = [(columns.get("customer"), _("%s is archived.") % result.customer.reference)]
        return
    result.outcome = RowOutcome.NEW
    if how:
        result.remarks = [*result.remarks, (None, how)]


def _no_customer(row: DomainRow, found: Collection[Customer]) -> str:
    if found:
        references = ", ".join(customer.reference for customer in found)
        return _("Several customers match: %(customers)s. Enter the customer number.") % {"customers": references}
    if row.customer:
        return _("No customer has this number, name or e-mail address.")
    return _("No customer found for this domain. Add a column with the customer number (K-1001), name or e-mail address.")


class _Owners:
    """The customers that the rows of a batch name, or whose website or e-mail address has the domain."""

    def __init__(self, agency: Agency, rows: Collection[DomainRow]) -> None:
        texts = {row.customer for row in rows} - {""}
        hosts = {row.name.removeprefix("www.") for row in rows if not row.customer}
        numbers = duplicates.customers_by_number(agency, {number for text in texts if (number := _number(text))})
        emails = duplicates.customers_by_email(agency, {canonical_address(text) for text in texts if "@" in text})
        names = duplicates.customers_by_name(agency, {name for text in texts for name in names_in(text)})
        self._websites = duplicates.customers_by_website(agency, hosts)
        self._mailboxes = _customers_by_mailbox(agency, hosts)
        self._keys: dict[str, list[int]] = {
            text: numbers[_number(text)] or emails[canonical_address(text)] or [pk for name in names_in(text) for pk in names[name]]
            for text in texts
        }
        used = {pk for found in (self._keys, self._websites, self._mailboxes) for pks in found.values() for pk in pks}
        self._customers: dict[int, Customer] = agency.customers.not_erased().in_bulk(used)

    def find(self, row: DomainRow) -> tuple[list[Customer], str]:
        """Return the customers that match a row, and how they were found if the row doesn't name one."""
        if row.customer:
            return self._of(self._keys.get(row.customer, [])), ""
        host = row.name.removeprefix("www.")
        if found := self._of(self._websites[host]):
            return found, _("The customer’s website has this domain.")
        return self._of(self._mailboxes[host]), _("The customer’s e-mail address has this domain.")

    def _of(self, keys: Iterable[int]) -> list[Customer]:
        return [self._customers[key] for key in dict.fromkeys(keys) if key in self._customers]


def _number(text: str) -> int:
    """Return the customer number in “K-1001” or “1001”, or 0."""
    return number_in(text if text.startswith("K-") else f"K-{text}") or 0


def _customers_by_mailbox(agency: Agency, domains: Collection[str]) -> dict[str, list[int]]:
    """Return the customers by the domain of their e-mail address."""
    found: dict[str, list[int]] = defaultdict(list)
    # Stored addresses can be in Unicode.
    spellings = {spelling: domain for domain in domains for spelling in (domain, to_unicode(domain))}
    mailbox = Func(Lower("email"), Value("@"), Value(2), function="split_part", output_field=CharField())
    customers = agency.customers.not_erased().annotate(mailbox=mailbox).filter(mailbox__in=spellings).order_by("number")
    for domain, pk in customers.values_list("mailbox", "pk") if domains else ():
        found[spellings[domain]].append(pk)
    return found


def import_rows(job: ImportJob, rows: list[ImportRow]) -> None:
    """Add and change the domains of these rows, in the locked job's transaction."""
    # Like changes by hand, this locks customers before domains.
    customers = job.agency.customers.active().filter(pk__in={row.customer_id for row in rows}).order_by("pk")
    active = set(customers.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    names = [row.values["domains"][0] for row in rows]
    stored = {domain.name: domain for domain in job.agency.domains.select_for_update(of=("self",)).filter(name__in=names)}
    added, changed = [], []
    for row in rows:
        name, fields = row.values["domains"][0], _stored_fields(row.values["fields"])
        domain = stored.get(name)
        if domain is None and row.customer_id not in active:
            row.outcome, row.problems = RowOutcome.ERROR, [(None, _("The customer has been archived or erased."))]
            continue
        if domain is None:
            added.append(Domain(agency=job.agency, customer=row.customer, name=name, unicode_name=to_unicode(name), **fields))
        elif changes := _changes(domain, fields):
            for field_name, value in changes.items():
                setattr(domain, field_name, value)
            changed.append((domain, tuple(changes)))
        row.outcome, row.cells, row.values = RowOutcome.IMPORTED, [], {}
    record_all("domain.added", Domain.objects.bulk_create(added), by=job.started_by)
    Domain.objects.bulk_update([domain for domain, _fields in changed], UPDATED_FIELDS)
    for field_names in {names for _domain, names in changed}:
        record_all(
            "domain.changed", [domain for domain, names in changed if names == field_names], by=job.started_by, fields=list(field_names)
        )
    ImportRow.objects.bulk_update(rows, ["outcome", "cells", "values", "problems"])


def _stored_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a row, in which dates are stored as texts."""
    return {**values, **({"expires_on": dt.date.fromisoformat(values["expires_on"])} if "expires_on" in values else {})}


def _changes(domain: Domain, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in UPDATED_FIELDS if name in fields and getattr(domain, name) != fields[name]}


def _key(row: DomainRow) -> str:
    return f"domain {row.name}"
