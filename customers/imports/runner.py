"""What a worker does with an import: check all rows, later import those that are right, batch by batch.

A batch is one transaction which begins with the lock of the job's row and the look whether the job is still this worker's. So a worker
that was taken for dead and wasn't can do no harm, and whatever is killed in the middle has done nothing.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from customers.domain_names import to_unicode
from customers.imports import duplicates, services
from customers.imports.reader import MAX_COLUMNS, Record, read_records
from customers.imports.rows import ParsedRow, RowParser
from customers.models import Customer, Domain, ImportJob, ImportRow, NumberSequence
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record_all

#: Rows of one transaction …
BATCH_SIZE = 500
#: … or fewer, when together they have this many characters.
BATCH_CHARACTERS = 500_000
#: After so many claims without a single finished batch, something is wrong that another try won't mend.
MAX_ATTEMPTS = 5
#: A domain that somebody else gives away at the same moment makes a batch fail; it is tried so often.
BATCH_RETRIES = 3

Status, Outcome = ImportJob.Status, ImportRow.Outcome


class ClaimLost(Exception):
    """Somebody cancelled the import, or another worker has it."""


# --- Whose it is -------------------------------------------------------------------------------------------------------


def stalled_imports() -> list[int]:
    """Imports in which something is to be done and nobody gives a sign of life."""
    return list(_free().values_list("pk", flat=True))


def claim(job_id: int) -> ImportJob | None:
    """Take an import; None if there is nothing to do or another worker does it."""
    with transaction.atomic():
        job = _free().select_for_update(skip_locked=True, of=("self",)).select_related("agency").filter(pk=job_id).first()
        if job is None:
            return None
        if job.attempts >= MAX_ATTEMPTS:
            services.finish(job, Status.FAILED, was_importing=job.status == Status.IMPORTING, by=job.by)
            return None
        job.claim, job.claimed_at, job.attempts = uuid.uuid4(), timezone.now(), job.attempts + 1
        job.save(update_fields=["claim", "claimed_at", "attempts"])
        return job


def release_claim(job: ImportJob) -> bool:
    """Let another worker go on; False if the import isn't ours any more."""
    return ImportJob.objects.filter(pk=job.pk, claim=job.claim).update(claim=None, claimed_at=None) == 1


def run_batches(job: ImportJob) -> Iterator[None]:
    """Do what is to be done; a stop after each batch that is written down."""
    step = _check(job) if job.status == Status.CHECKING else _import(job)
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


def _free() -> QuerySet[ImportJob]:
    silent = Q(claimed_at__isnull=True) | Q(claimed_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    return ImportJob.objects.filter(silent, status__in=ImportJob.RUNNING)


@contextmanager
def _batch(job: ImportJob) -> Iterator[ImportJob]:
    """One transaction on the locked job, with a sign of life at its end."""
    with transaction.atomic():
        locked = ImportJob.objects.select_for_update(of=("self",)).select_related("agency").filter(pk=job.pk, claim=job.claim).first()
        if locked is None or not locked.is_running:
            raise ClaimLost
        yield locked
        if locked.claim:
            locked.attempts, locked.claimed_at = 0, timezone.now()
            locked.save(update_fields=["attempts", "claimed_at", "progress", "rows_read"])


# --- The dry run -------------------------------------------------------------------------------------------------------


def _check(job: ImportJob) -> Iterator[None]:
    """Say for each row what would become of it. What a former worker has written down isn't done again."""
    source, reader = services.open_source(job), RowParser(job)
    found = read_records(source.text, job.delimiter)
    if job.has_headings:
        next(found, None)
    done = job.rows.aggregate(last=Max("line"))["last"] or 0
    for part in _parts(record for record in found if record.line > done):
        rows = [reader.read(record) for record in part]
        with _batch(job) as locked:
            if not locked.chunks.exists():
                # An erasure has taken the file away, and these rows must not come back.
                services.finish(locked, Status.FAILED, was_importing=False, by=None)
                return
            ImportRow.objects.bulk_create(_checked(locked, rows))
            locked.rows_read += len(rows)
            locked.progress = source.position
        yield
    with _batch(job) as locked:
        # An erasure may have taken the file away in between.
        complete = source.position == job.size
        services.finish(locked, Status.CHECKED if complete else Status.FAILED, was_importing=False, by=None)


def _parts(found: Iterable[Record]) -> Iterator[list[Record]]:
    part: list[Record] = []
    size = 0
    for record in found:
        part.append(record)
        size += sum(map(len, record.cells))
        if len(part) >= BATCH_SIZE or size >= BATCH_CHARACTERS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _checked(job: ImportJob, rows: list[ParsedRow]) -> list[ImportRow]:
    right = [row for row in rows if not row.problems]
    known = duplicates.match_customers(job.agency, right)
    lines = duplicates.first_seen_lines(job, right)
    first: dict[str, int] = {}
    checked = []
    for row in rows:
        result = ImportRow(job=job, agency_id=job.agency_id, line=row.line, cells=row.cells[:MAX_COLUMNS], outcome=Outcome.NEW)
        keys = [] if row.problems else duplicates.row_keys(row)
        earlier = min((lines[key] for key in keys if key in lines), default=None)
        if row.problems:
            result.outcome, result.problems = Outcome.ERROR, row.problems
        else:
            result.values = {"fields": row.fields, "domains": row.domains}
            if row.line in known:
                _mark_twin(result, known[row.line])
            elif earlier is not None:
                result.outcome, result.twin_line = Outcome.DUPLICATE, earlier
            if result.outcome != Outcome.DUPLICATE:
                # A row that won't be imported itself must not keep others out.
                first |= {key: row.line for key in keys if key not in lines}
                lines |= {key: row.line for key in keys if key not in lines}
        checked.append(result)
    duplicates.remember_keys(job, first)
    return checked


def _mark_twin(row: ImportRow, likeness: duplicates.Match) -> None:
    row.outcome, row.twin_id, row.reasons = Outcome.TWIN, likeness.customer_id, likeness.reasons


# --- The import --------------------------------------------------------------------------------------------------------


def _import(job: ImportJob) -> Iterator[None]:
    """Make customers of the rows that are right."""
    last = 0
    while True:
        for attempt in range(1, BATCH_RETRIES + 1):
            try:
                with _batch(job) as locked:
                    rows = list(_waiting(locked, after=last)[:BATCH_SIZE])
                    if not rows:
                        services.finish(locked, Status.DONE, was_importing=True, by=locked.by)
                        return
                    _import_rows(locked, rows)
                    locked.progress += len(rows)
                break
            except IntegrityError:
                if attempt == BATCH_RETRIES:
                    raise
        last = rows[-1].line
        yield


def _waiting(job: ImportJob, *, after: int) -> QuerySet[ImportRow]:
    return job.rows.filter(outcome__in=services.importable_outcomes(job.import_twins), line__gt=after).order_by("line")


def _import_rows(job: ImportJob, rows: list[ImportRow]) -> None:
    """Make customers of these rows but of those that can't be any more, in the locked job's transaction."""
    agency = job.agency
    # Whoever else takes numbers waits: no other import can bring the same customers between the look for twins and the commit.
    sequence, _created = NumberSequence.objects.select_for_update().get_or_create(agency=agency)
    right = _still_right(job, rows)
    customers = _make_customers(agency, right, first_number=sequence.next_number)
    sequence.next_number += len(customers)
    sequence.save(update_fields=["next_number"])
    record_all("customer.created", customers, by=job.by)
    for row, customer in zip(right, customers, strict=True):
        row.outcome, row.customer, row.cells, row.values = Outcome.IMPORTED, customer, [], {}
        row.twin, row.twin_line, row.reasons = None, None, []
    changing = ["outcome", "customer", "cells", "values", "problems", "reasons", "twin", "twin_line"]
    ImportRow.objects.bulk_create(rows, update_conflicts=True, unique_fields=["pk"], update_fields=changing)


def _still_right(job: ImportJob, rows: list[ImportRow]) -> list[ImportRow]:
    """The rows without those that are somebody's twin by now, or want a domain that has been given away; these are marked so."""
    read = {row.line: ParsedRow(row.line, [], row.values["fields"], row.values["domains"]) for row in rows}
    known = {} if job.import_twins else duplicates.match_customers(job.agency, read.values())
    taken = set(duplicates.domain_owners(job.agency, {name for row in read.values() for name in row.domains}))
    place = next((place for place, field in job.columns.items() if field == "domains"), None)
    right = []
    for row in rows:
        domains = set(row.values["domains"])
        if row.line in known:
            _mark_twin(row, known[row.line])
        elif given := sorted(domains & taken):
            row.outcome = Outcome.ERROR
            row.problems = [(place, _("%(domain)s already belongs to another customer.") % {"domain": to_unicode(name)}) for name in given]
        else:
            taken |= domains
            right.append(row)
    return right


def _make_customers(agency: Agency, rows: list[ImportRow], *, first_number: int) -> list[Customer]:
    members = set(agency.members.values_list("pk", flat=True))
    customers = []
    for number, row in enumerate(rows, first_number):
        fields = row.values["fields"]
        if fields["responsible_id"] not in members:  # Left since the check.
            fields["responsible_id"] = None
        customers.append(Customer(agency=agency, number=number, **fields))
    made = Customer.objects.bulk_create(customers)
    Domain.objects.bulk_create(
        Domain(agency=agency, customer=customer, name=name, unicode_name=to_unicode(name))
        for customer, row in zip(made, rows, strict=True)
        for name in row.values["domains"]
    )
    return made
