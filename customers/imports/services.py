"""The steps that people take with an import: upload, say what the columns are, start, stop, throw away. Workers do the rest (`work`)."""

import io
from datetime import timedelta
from itertools import islice
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Now

from customers.imports import erasure
from customers.imports.columns import guess_mapping, looks_like_header
from customers.imports.models import KEEP_DAYS
from customers.imports.reader import (
    MAX_COLUMNS,
    SAMPLE_BYTES,
    Record,
    Source,
    TooManyColumns,
    detect_delimiter,
    detect_encoding,
    read_records,
)
from customers.imports.tasks import enqueue
from customers.models import Customer, ImportChunk, ImportJob, ImportRow
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record

#: Bytes of one piece of a file in the database.
CHUNK_SIZE = 256 * 1024
#: So many records are looked at to guess what the columns are.
SAMPLE_ROWS = 5

Status, Outcome = ImportJob.Status, ImportRow.Outcome


@transaction.atomic
def upload(*, agency: Agency, by: User, file: "UploadedFile[bytes]") -> ImportJob:
    """Keep a file, and guess how it is written and what its columns are.

    Raises:
        NotText: it can't be a CSV file.
        TooWide: it has too many columns.
    """
    encoding = detect_encoding(file.chunks(CHUNK_SIZE))
    job = ImportJob.objects.create(
        agency=agency, by=by, file_name=_plain(file.name or "")[-255:], size=file.size or 0, encoding=encoding, delimiter=","
    )
    for number, piece in enumerate(file.chunks(CHUNK_SIZE)):
        ImportChunk.objects.create(job=job, number=number, data=piece)
    text = open_source(job).text.read(SAMPLE_BYTES).replace("\0", "")
    delimiter = detect_delimiter(text)
    first = next(read_records(io.StringIO(text, newline=""), delimiter), None)
    if first and len(first.cells) > MAX_COLUMNS:
        raise TooManyColumns(len(first.cells))
    reparse(job, encoding=encoding, delimiter=delimiter, has_headings=first is None or looks_like_header(first.cells))
    return job


def reparse(job: ImportJob, *, encoding: str, delimiter: str, has_headings: bool) -> None:
    """Read the file's head in this way, and guess its columns."""
    job.encoding, job.delimiter, job.has_headings = encoding, delimiter, has_headings
    first = sample(job)
    width = min(max((len(found.cells) for found in first), default=0), MAX_COLUMNS)
    # Cells beyond the last heading belong to no column: their rows are errors.
    job.headings = [heading.strip() for heading in first[0].cells[:MAX_COLUMNS]] if has_headings and first else [""] * width
    job.mapping = {str(place): field for place, field in guess_mapping(job.headings).items()}
    job.save(update_fields=["encoding", "delimiter", "has_headings", "headings", "mapping"])


def change_format(job: ImportJob, *, encoding: str, delimiter: str, has_headings: bool) -> bool:
    """As `read_anew`, on somebody's wish: what was checked of it counts no more. False if that isn't possible any more."""
    with transaction.atomic():
        locked = _locked(job, Status.UPLOADED, Status.CHECKED)
        if locked is None or not locked.chunks.exists():
            return False
        locked.rows.all().delete()
        locked.keys.all().delete()
        locked.status, locked.counts = Status.UPLOADED, {}
        locked.save(update_fields=["status", "counts"])
        reparse(locked, encoding=encoding, delimiter=delimiter, has_headings=has_headings)
    return True


def open_source(job: ImportJob) -> Source:
    """The uploaded file."""
    pieces = ImportChunk.objects.filter(job=job)

    def load(number: int) -> bytes | None:
        data = pieces.filter(number=number).values_list("data", flat=True).first()
        return None if data is None else bytes(data)

    return Source(load, job.encoding)


def sample(job: ImportJob) -> list[Record]:
    """The file's first records, headings included."""
    return list(islice(read_records(open_source(job).text, job.delimiter), SAMPLE_ROWS))


def start_check(job: ImportJob, *, columns: dict[int, str], language: str, by: User) -> bool:
    """Have all rows looked at, as if they were imported. False if that isn't possible any more."""
    with transaction.atomic():
        locked = _locked(job, Status.UPLOADED, Status.CHECKED)
        if locked is None or not locked.chunks.exists():
            return False
        locked.rows.all().delete()
        locked.keys.all().delete()
        mapping = {str(place): field for place, field in columns.items()}
        _enqueue(locked, Status.CHECKING, total=locked.size, mapping=mapping, language=language, by=by, rows_read=0, counts={})
    return True


def start_import(job: ImportJob, *, import_twins: bool, by: User) -> bool:
    """Have the checked rows imported, likely twins too if told so. False if somebody was faster."""
    with transaction.atomic():
        locked = _locked(job, Status.CHECKED)
        if locked is None:
            return False
        locked.chunks.all().delete()
        locked.keys.all().delete()
        total = locked.rows.filter(outcome__in=importable_outcomes(import_twins)).count()
        _enqueue(locked, Status.IMPORTING, total=total, import_twins=import_twins, by=by)
    return True


def cancel(job: ImportJob, *, by: User) -> bool:
    """Stop what a worker does with it. Customers that are there already stay. False if nothing was running."""
    with transaction.atomic():
        locked = _locked(job, *ImportJob.RUNNING)
        if locked is None:
            return False
        finish(locked, Status.CANCELLED, was_importing=locked.status == Status.IMPORTING, by=by)
    return True


def remove(job: ImportJob) -> bool:
    """Throw an import away with all that is kept of its file. Imported customers stay. False while a worker has it."""
    with transaction.atomic():
        locked = _locked(job, *(status for status in Status if status not in ImportJob.RUNNING))
        if locked is None:
            return False
        locked.delete()
    return True


def erase_import_traces(customer: Customer, by: User) -> None:
    """An erasure: what waits in imports and seems to be about this customer goes, and so do the files it came in.

    By a name alone only rows in error go: these can't be imported anyway, all others could be somebody else.
    """
    jobs = ImportJob.objects.filter(agency=customer.agency, purged_at__isnull=True)
    rows = ImportRow.objects.filter(job__in=jobs).exclude(cells=[]).annotate(text=erasure.ROW_TEXT)
    by_name = Q(outcome=Outcome.ERROR) & erasure.rows_with_name(customer)
    about = list(rows.filter(Q(twin=customer) | erasure.rows_with_identifier(customer) | by_name).values_list("pk", "job"))
    holding = {job for _row, job in about}
    if pattern := erasure.identifier_pattern(customer):
        # Of these not every line is a row by now.
        unread = jobs.filter(status__in=[Status.UPLOADED, Status.CHECKING]).exclude(pk__in=holding)
        holding |= {job.pk for job in unread if erasure.file_contains(open_source(job), pattern)}
    ImportChunk.objects.filter(job__in=holding).delete()
    ImportRow.objects.filter(pk__in=[row for row, _job in about]).delete()


def purge() -> int:
    """Delete what is kept of files longer than `KEEP_DAYS`; how many imports that were. The figures of finished ones stay."""
    old = ImportJob.objects.filter(purged_at__isnull=True, created_at__lt=Now() - timedelta(days=KEEP_DAYS))
    old = old.exclude(status__in=ImportJob.RUNNING)
    number = 0
    for pk in list(old.values_list("pk", flat=True)):
        with transaction.atomic():
            job = old.select_for_update(skip_locked=True).filter(pk=pk).first()
            if job is None:
                continue
            number += 1
            if job.status in {Status.UPLOADED, Status.CHECKED}:
                job.delete()
                continue
            for things in (job.rows, job.chunks, job.keys):
                things.all().delete()
            job.purged_at = Now()
            job.save(update_fields=["purged_at"])
    return number


def importable_outcomes(import_twins: bool) -> list[str]:
    """Which rows become customers."""
    return [Outcome.NEW, *([Outcome.TWIN, Outcome.DUPLICATE] if import_twins else [])]


def count_outcomes(job: ImportJob) -> dict[str, int]:
    """Rows by outcome, counted afresh."""
    return dict(job.rows.order_by().values_list("outcome").annotate(number=Count("pk")))


def finish(job: ImportJob, status: ImportJob.Status, *, was_importing: bool, by: User | None) -> None:
    """The end of a step, in the caller's transaction; of an import, it is written to the audit."""
    job.status, job.claim, job.claimed_at = status, None, None
    job.counts = count_outcomes(job)
    if status != Status.CHECKED:
        job.finished_at = Now()
        job.chunks.all().delete()
        job.keys.all().delete()
    job.save()
    if was_importing:
        imported, errors = job.counts.get(Outcome.IMPORTED, 0), job.counts.get(Outcome.ERROR, 0)
        skipped = sum(job.counts.values()) - imported - errors
        numbers = {"imported": imported, "errors": errors, "skipped": skipped}
        record("customers.imported", job, by=by, label=str(job.pk), **numbers)


def _enqueue(job: ImportJob, status: ImportJob.Status, *, total: int, **fields: Any) -> None:
    """Give it to the workers."""
    for name, value in {**fields, "status": status, "progress": 0, "progress_total": total, "claim": None, "attempts": 0}.items():
        setattr(job, name, value)
    job.claimed_at = None
    job.save()
    transaction.on_commit(lambda: enqueue(job.pk), robust=True)


def _locked(job: ImportJob, *statuses: str) -> ImportJob | None:
    jobs = ImportJob.objects.select_for_update(of=("self",)).select_related("agency")
    return jobs.filter(pk=job.pk, status__in=statuses).first()


def _plain(name: str) -> str:
    return "".join(char for char in name if char.isprintable()) or "customers.csv"
