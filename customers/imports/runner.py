"""Work of an import: check all rows, then import the valid ones, in batches.

Each batch is one transaction that first locks the job and verifies the claim. A worker that lost its
claim stops at the next batch, and an interrupted batch is rolled back.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from customers.domain_names import to_unicode
from customers.imports import domain_rows, duplicates, services
from customers.imports.definitions import still_valid_values, tag_customers, tags_to_import
from customers.imports.domain_rows import DomainParser
from customers.imports.models import ImportStatus, ImportSubject, RowOutcome
from customers.imports.reader import MAX_COLUMNS, Record
from customers.imports.rows import ParsedRow, RowParser
from customers.models import Contact, Customer, Domain, ImportJob, ImportRow, NumberSequence
from partnerportal.audit.services import record_all

#: Maximum number of rows in a batch.
BATCH_SIZE = 500
#: Number of characters after which a batch of the check ends.
BATCH_CHARACTERS = 500_000
#: Number of claims without a finished batch after which an import fails.
MAX_ATTEMPTS = 5
#: Attempts to import a batch. It fails when another transaction adds one of its domains concurrently.
BATCH_RETRIES = 3


class ClaimLost(Exception):
    """The import was cancelled, or another worker has claimed it."""


# --- Claims ------------------------------------------------------------------------------------------------------------


def stalled_imports() -> list[int]:
    """Return the ids of imports that no worker processes."""
    return list(_unclaimed().values_list("pk", flat=True))


def claim(job_id: int) -> ImportJob | None:
    """Claim an import. Return None if it is finished or another worker processes it."""
    with transaction.atomic():
        job = _unclaimed().select_for_update(skip_locked=True, of=("self",)).select_related("agency").filter(pk=job_id).first()
        if job is None:
            return None
        if job.attempts >= MAX_ATTEMPTS:
            services.finish(job, ImportStatus.FAILED, by=job.started_by)
            return None
        job.claim, job.claimed_at, job.attempts = uuid.uuid4(), timezone.now(), job.attempts + 1
        job.save(update_fields=["claim", "claimed_at", "attempts"])
        return job


def release_claim(job: ImportJob) -> bool:
    """Let another worker continue. Return False if the claim was already lost."""
    return ImportJob.objects.filter(pk=job.pk, claim=job.claim).update(claim=None, claimed_at=None) == 1


def run_batches(job: ImportJob) -> Iterator[None]:
    """Process a claimed import, pausing after each committed batch."""
    step = _check(job) if job.status == ImportStatus.CHECKING else _import(job)
    try:
        while True:
            with translation.override(job.language):
                try:
                    next(step)
                except StopIteration:
                    return
            yield
    except ClaimLost:
        return


def _unclaimed() -> QuerySet[ImportJob]:
    free = Q(claimed_at=None) | Q(claimed_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    return ImportJob.objects.filter(free, status__in=ImportJob.RUNNING)


@contextmanager
def _batch(job: ImportJob) -> Iterator[ImportJob]:
    """Lock the job in a transaction and renew the claim at its end.

    Raises:
        ClaimLost: The job was deleted or cancelled, or another worker has claimed it.
    """
    with transaction.atomic():
        locked = ImportJob.objects.select_for_update(of=("self",)).select_related("agency").filter(pk=job.pk, claim=job.claim).first()
        if locked is None or not locked.is_running:
            raise ClaimLost
        yield locked
        if locked.claim:
            locked.attempts, locked.claimed_at = 0, timezone.now()
            locked.save(update_fields=["attempts", "claimed_at", "progress", "rows_read"])


# --- The check ---------------------------------------------------------------------------------------------------------


def _check(job: ImportJob) -> Iterator[None]:
    """Store the expected outcome of each row. Rows stored by an earlier worker are skipped."""
    source = services.open_source(job)
    is_domain_list = job.subject == ImportSubject.DOMAINS
    parser: RowParser | DomainParser = DomainParser(job, services.sample(job, services.PROPOSAL_ROWS)) if is_domain_list else RowParser(job)
    check_rows: Callable[..., list[ImportRow]] = domain_rows.check_rows if is_domain_list else _checked
    records = services.records_of(job, source)
    if job.has_headings:
        next(records, None)
    last = job.rows.aggregate(last=Max("line"))["last"] or 0
    for batch in _batches(record for record in records if record.line > last):
        rows = [parser.read(record) for record in batch]
        with _batch(job) as locked:
            ImportRow.objects.bulk_create(check_rows(locked, rows))
            locked.rows_read += len(rows)
            locked.progress = source.position
        yield
    with _batch(job) as locked:
        # A file with missing chunks looks like a short one.
        complete = source.position == job.size
        services.finish(locked, ImportStatus.CHECKED if complete else ImportStatus.FAILED, by=None)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += sum(map(len, record.cells))
        if len(batch) >= BATCH_SIZE or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _checked(job: ImportJob, rows: list[ParsedRow]) -> list[ImportRow]:
    valid = [row for row in rows if not row.problems]
    matches = duplicates.match_customers(job.agency, valid)
    lines = duplicates.first_lines(job, (key for row in valid for key in duplicates.row_keys(row)))
    new_lines: dict[str, int] = {}
    checked = []
    for row in rows:
        result = ImportRow(job=job, agency_id=job.agency_id, line=row.line, cells=row.cells[:MAX_COLUMNS], outcome=RowOutcome.NEW)
        result.remarks = row.remarks
        checked.append(result)
        if row.problems:
            result.outcome, result.problems = RowOutcome.ERROR, row.problems
            continue
        result.values = {"fields": row.fields, "domains": row.domains, "contacts": row.contacts}
        keys = duplicates.row_keys(row)
        seen = {key: lines[key] for key in keys if key in lines}
        if row.line in matches:
            _mark_duplicate(result, matches[row.line])
        elif seen:
            # Its keys aren't stored: a row that won't be imported must not exclude others.
            _mark_repetition(result, min(seen.values()), [keys[key] for key in seen])
            continue
        unseen = {key: row.line for key in keys if key not in lines}
        new_lines |= unseen
        lines |= unseen
    duplicates.store_keys(job, new_lines)
    return checked


def _mark_duplicate(row: ImportRow, match: duplicates.Match) -> None:
    is_same = {"number", "name"} <= set(match.reasons) or {"number", "email"} <= set(match.reasons)
    row.outcome = RowOutcome.EXISTING if is_same else RowOutcome.POSSIBLE_DUPLICATE
    row.duplicate_of_id, row.reasons = match.customer_id, match.reasons


def _mark_repetition(row: ImportRow, line: int, reasons: list[str]) -> None:
    # Colleagues share a phone number, and different companies a name.
    is_same = {"email", "domain"} & set(reasons)
    row.outcome = RowOutcome.DUPLICATE_ROW if is_same else RowOutcome.POSSIBLE_DUPLICATE
    row.duplicate_line, row.reasons = line, list(dict.fromkeys(reasons))


# --- The import --------------------------------------------------------------------------------------------------------


def _import(job: ImportJob) -> Iterator[None]:
    """Create customers from the importable rows."""
    last = 0
    while True:
        for attempt in range(1, BATCH_RETRIES + 1):
            try:
                with _batch(job) as locked:
                    importable = services.importable_outcomes(locked.import_duplicates)
                    rows = list(locked.rows.filter(outcome__in=importable, line__gt=last).order_by("line")[:BATCH_SIZE])
                    if not rows:
                        services.finish(locked, ImportStatus.DONE, by=locked.started_by)
                        return
                    import_rows = domain_rows.import_rows if locked.subject == ImportSubject.DOMAINS else _import_rows
                    import_rows(locked, rows)
                    locked.progress += len(rows)
                break
            except IntegrityError:
                if attempt == BATCH_RETRIES:
                    raise
        last = rows[-1].line
        yield


def _import_rows(job: ImportJob, rows: list[ImportRow]) -> None:
    """Create customers from these rows, except those that have become duplicates, in the locked job's transaction."""
    agency = job.agency
    # The lock keeps other imports from creating the same customers between the search for duplicates and the commit.
    sequence, _created = NumberSequence.objects.select_for_update().get_or_create(agency=agency)
    valid = _still_valid(job, rows)
    customers = _create_customers(job, valid, first_number=sequence.next_number)
    sequence.next_number += len(customers)
    sequence.save(update_fields=["next_number"])
    record_all("customer.created", customers, by=job.started_by)
    for row, customer in zip(valid, customers, strict=True):
        row.outcome, row.customer, row.cells, row.values = RowOutcome.IMPORTED, customer, [], {}
        row.duplicate_of, row.duplicate_line, row.reasons = None, None, []
    changed = ["outcome", "customer", "cells", "values", "problems", "reasons", "duplicate_of", "duplicate_line"]
    ImportRow.objects.bulk_create(rows, update_conflicts=True, unique_fields=["pk"], update_fields=changed)


def _still_valid(job: ImportJob, rows: list[ImportRow]) -> list[ImportRow]:
    """Return the rows that can still be imported. Mark possible duplicates and rows whose domain is now taken."""
    parsed = {row.line: ParsedRow(row.line, [], row.values["fields"], row.values["domains"], _contacts(row)) for row in rows}
    matches = {} if job.import_duplicates else duplicates.match_customers(job.agency, parsed.values())
    taken = set(duplicates.domain_owners(job.agency, {name for row in parsed.values() for name in row.domains}))
    column = next((column for column, field in job.columns.items() if field == "domains"), None)
    valid = []
    for row in rows:
        domains = set(row.values["domains"])
        if row.line in matches:
            _mark_duplicate(row, matches[row.line])
        elif conflicts := sorted(domains & taken):
            row.outcome = RowOutcome.ERROR
            message = _("%(domain)s already belongs to another customer.")
            row.problems = [(column, message % {"domain": to_unicode(name)}) for name in conflicts]
        else:
            taken |= domains
            valid.append(row)
    return valid


def _create_customers(job: ImportJob, rows: list[ImportRow], *, first_number: int) -> list[Customer]:
    agency = job.agency
    own_fields = {field.key: field for field in agency.custom_fields.all()}
    tag_names = [row.values["fields"].pop("tags", []) for row in rows]
    tags = tags_to_import(agency, (name for names in tag_names for name in names), by=job.started_by)
    members = set(agency.members.values_list("pk", flat=True))
    customers = []
    for number, (row, names) in enumerate(zip(rows, tag_names, strict=True), first_number):
        fields = row.values["fields"]
        fields["custom_values"] = still_valid_values(fields.get("custom_values", {}), own_fields)
        if missing := [name for name in names if name.upper() not in tags]:
            fields["notes"] = "\n".join(filter(None, [fields["notes"], _("Tags: %(names)s") % {"names": ", ".join(missing)}]))
        if fields["responsible_id"] not in members:  # The member has left since the check.
            fields["responsible_id"] = None
        customers.append(Customer(agency=agency, number=number, **fields))
    created = Customer.objects.bulk_create(customers)
    tag_customers(agency, created, tag_names, tags)
    Domain.objects.bulk_create(
        Domain(agency=agency, customer=customer, name=name, unicode_name=to_unicode(name))
        for customer, row in zip(created, rows, strict=True)
        for name in row.values["domains"]
    )
    Contact.objects.bulk_create(
        Contact(agency=agency, customer=customer, **contact)
        for customer, row in zip(created, rows, strict=True)
        for contact in _contacts(row)
    )
    return created


def _contacts(row: ImportRow) -> list[dict[str, str]]:
    """Return the contacts of a checked row. Earlier versions stored none."""
    contacts: list[dict[str, str]] = row.values.get("contacts", [])
    return contacts
