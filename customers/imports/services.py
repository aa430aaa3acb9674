"""Actions on imports: upload, choose the format, check, import, cancel, remove, purge.

Workers process the rows between these actions (`runner`).
"""

import io
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import IO, Any, cast

from celery import current_app
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from customers.imports.columns import guess_mapping
from customers.imports.conversion import converted, detect_source
from customers.imports.definitions import own_headings
from customers.imports.domain_columns import guess_domain_mapping, is_domain_list
from customers.imports.formats import HEADER_RECORDS, SAMPLE_BYTES, detect_delimiter, detect_encoding, find_header
from customers.imports.models import KEEP_DAYS, ImportSource, ImportStatus, ImportSubject, RowOutcome
from customers.imports.proposals import column_fits
from customers.imports.reader import MAX_COLUMNS, Record, Source, read_records
from customers.models import Customer, ImportChunk, ImportJob
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record

logger = logging.getLogger(__name__)

#: Size of a stored part of a file, in bytes.
CHUNK_SIZE = 256 * 1024
#: Number of records shown as examples when columns are mapped.
SAMPLE_ROWS = 5
#: Number of records whose values decide which columns are proposed.
PROPOSAL_ROWS = 100
#: Functions of other slices that run in the transaction that ends an import; registered in `customers.hooks`.
after_import: list[Callable[[Agency], object]] = []


@transaction.atomic
def upload(*, agency: Agency, by: User, file: "UploadedFile[bytes]") -> ImportJob:
    """Store a file and guess its encoding, delimiter and column mapping.

    Raises:
        ValidationError: The file can't be read or has more than `MAX_COLUMNS` columns.
    """
    source = detect_source(file.read(SAMPLE_BYTES))
    file.seek(0)
    encoding = detect_encoding(file.chunks(CHUNK_SIZE)) if source == ImportSource.TEXT else "utf-8-sig"
    file_name = "".join(char for char in file.name or "" if char.isprintable()) or "customers.csv"
    job = ImportJob.objects.create(
        agency=agency, started_by=by, file_name=file_name[-255:], source=source, size=0, encoding=encoding, delimiter=","
    )
    for number, data in enumerate(_stored_chunks(file, source)):
        ImportChunk.objects.create(job=job, number=number, data=data)
        job.size += len(data)
    job.save(update_fields=["size"])
    text = open_source(job).text.read(SAMPLE_BYTES).replace("\0", "")
    delimiter = detect_delimiter(text) if source == ImportSource.TEXT else ","
    records = list(islice(read_records(io.StringIO(text, newline=""), delimiter), HEADER_RECORDS))
    first_line, has_headings = find_header(records)
    width = next((len(record.cells) for record in records if record.line >= first_line), 0)
    if width > MAX_COLUMNS:
        message = _("This file has %(columns)d columns; the limit is %(limit)d. Remove the columns you don’t need.")
        raise ValidationError(message % {"columns": width, "limit": MAX_COLUMNS}, "too_wide")
    headings = next((record.cells for record in records if record.line >= first_line), []) if has_headings else []
    subject = ImportSubject.DOMAINS if is_domain_list(headings) else ImportSubject.CUSTOMERS
    _apply_format(job, subject=subject, encoding=encoding, delimiter=delimiter, first_line=first_line, has_headings=has_headings)
    return job


def _stored_chunks(file: "UploadedFile[bytes]", source: ImportSource) -> Iterator[bytes]:
    """Yield the parts of a file as they are stored."""
    if source == ImportSource.TEXT:
        yield from file.chunks(CHUNK_SIZE)
        return
    with converted(cast("IO[bytes]", file), source) as output:
        while data := output.read(CHUNK_SIZE):
            yield data


@transaction.atomic
def change_format(job: ImportJob, **file_format: Any) -> bool:
    """Change how the file is read and discard the results of its check. Return False if the file is no longer stored.

    `file_format` contains `subject`, `encoding`, `delimiter`, `first_line` and `has_headings`.
    """
    locked = _lock_with_file(job)
    if locked is None:
        return False
    locked.status, locked.counts = ImportStatus.UPLOADED, {}
    locked.save(update_fields=["status", "counts"])
    _apply_format(locked, **file_format)
    return True


def open_source(job: ImportJob) -> Source:
    """Return the uploaded file as text."""
    chunks = ImportChunk.objects.filter(job=job)

    def load(number: int) -> bytes | None:
        data = chunks.filter(number=number).values_list("data", flat=True).first()
        return None if data is None else bytes(data)

    return Source(load, job.encoding)


def sample(job: ImportJob, size: int = SAMPLE_ROWS) -> list[Record]:
    """Return the first records of the table, including the headings."""
    return list(islice(records_of(job, open_source(job)), size))


def records_of(job: ImportJob, source: Source) -> Iterator[Record]:
    """Yield the records of the table, including the headings."""
    return read_records(source.text, job.delimiter, first_line=job.first_line)


@transaction.atomic
def start_check(job: ImportJob, *, columns: dict[int, str], language: str, by: User) -> bool:
    """Check all rows without importing them. Return False if the file is no longer stored."""
    locked = _lock_with_file(job)
    if locked is None:
        return False
    mapping = {str(column): field for column, field in columns.items()}
    _start(locked, ImportStatus.CHECKING, total=locked.size, mapping=mapping, language=language, started_by=by, rows_read=0, counts={})
    return True


@transaction.atomic
def start_import(job: ImportJob, *, import_duplicates: bool, by: User) -> bool:
    """Import the checked rows, possible duplicates only on request. Return False if the job isn't in status “checked”."""
    locked = _lock(job, ImportStatus.CHECKED)
    if locked is None:
        return False
    _delete_related(locked.chunks, locked.keys)
    total = locked.rows.filter(outcome__in=importable_outcomes(import_duplicates)).count()
    _start(locked, ImportStatus.IMPORTING, total=total, import_duplicates=import_duplicates, started_by=by)
    return True


@transaction.atomic
def cancel(job: ImportJob, *, by: User) -> bool:
    """Stop a check or an import. Imported customers stay. Return False if neither was running."""
    locked = _lock(job, *ImportJob.RUNNING)
    if locked is None:
        return False
    finish(locked, ImportStatus.CANCELLED, by=by)
    return True


@transaction.atomic
def remove(job: ImportJob) -> bool:
    """Delete an import with its stored data. Imported customers stay. Return False while a worker processes it."""
    locked = _lock(job, *(status for status in ImportStatus if status not in ImportJob.RUNNING))
    if locked is None:
        return False
    locked.delete()
    return True


def purge() -> int:
    """Delete file data stored for more than `KEEP_DAYS` and return the number of imports. Skip running ones."""
    old = ImportJob.objects.filter(purged_at=None, created_at__lt=Now() - timedelta(days=KEEP_DAYS)).exclude(status__in=ImportJob.RUNNING)
    number = 0
    for pk in list(old.values_list("pk", flat=True)):
        with transaction.atomic():
            job = old.select_for_update(skip_locked=True).filter(pk=pk).first()
            if job is not None:
                _purge(job)
                number += 1
    return number


def purge_agency_imports(customer: Customer, by: User) -> None:
    """Delete the file data of all imports of an erased customer's agency, because it can concern the customer."""
    purge_imports(customer.agency_id, by=by)


def purge_imports(agency_id: int, *, by: User) -> None:
    """Delete the file data of all imports of an agency.

    The caller has locked the jobs, before any customer, as workers do. A worker that processes one of
    them loses its claim and stops.
    """
    jobs = ImportJob.objects.filter(agency=agency_id, purged_at=None).order_by("pk")
    # Skips files uploaded since then: waiting for their worker now could be a deadlock.
    for job in jobs.select_for_update(skip_locked=True):
        if job.is_running:
            finish(job, ImportStatus.CANCELLED, by=by)
        _purge(job)


def importable_outcomes(import_duplicates: bool) -> list[str]:
    """Return the outcomes of rows that are to be imported."""
    return [RowOutcome.NEW, RowOutcome.UPDATE, *([RowOutcome.POSSIBLE_DUPLICATE, RowOutcome.DUPLICATE_ROW] if import_duplicates else [])]


def finish(job: ImportJob, status: ImportStatus, *, by: User | None) -> None:
    """End the current step of a locked job. The end of an import is recorded in the audit log."""
    was_importing = job.status == ImportStatus.IMPORTING
    job.status, job.claim, job.claimed_at = status, None, None
    job.counts = dict(job.rows.order_by().values_list("outcome").annotate(number=Count("pk")))
    if status != ImportStatus.CHECKED:
        job.finished_at = Now()
        _delete_related(job.chunks, job.keys)
    job.save()
    if was_importing:
        imported, errors = job.counts.get(RowOutcome.IMPORTED, 0), job.counts.get(RowOutcome.ERROR, 0)
        skipped = sum(job.counts.values()) - imported - errors
        record(f"{job.subject}.imported", job, by=by, label=str(job.pk), imported=imported, errors=errors, skipped=skipped)
        for then in after_import:
            then(job.agency)


def enqueue(job_id: int) -> None:
    """Enqueue the worker's task. If the broker is unavailable, the next sweep finds the import."""
    try:
        current_app.send_task("customers.work_import", (job_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; import %s stays queued: %s", job_id, error)


def _apply_format(job: ImportJob, *, subject: str, encoding: str, delimiter: str, first_line: int, has_headings: bool) -> None:
    """Read the first records in this format and guess the column mapping."""
    job.subject, job.encoding, job.delimiter, job.first_line, job.has_headings = subject, encoding, delimiter, first_line, has_headings
    records = sample(job, PROPOSAL_ROWS)
    rows = records[1:] if has_headings else records
    if has_headings and records:
        # Rows with cells beyond the last heading are errors.
        job.headings = [heading.strip() for heading in records[0].cells[:MAX_COLUMNS]]
    else:
        job.headings = [""] * min(max((len(found.cells) for found in records[:SAMPLE_ROWS]), default=0), MAX_COLUMNS)
    fits = column_fits(job.agency, rows)
    if subject == ImportSubject.DOMAINS:
        mapping = guess_domain_mapping(job.headings, fits)
    else:
        mapping = guess_mapping(job.headings, fits, own_headings(job.agency))
    job.mapping = {str(column): field for column, field in mapping.items()}
    job.save(update_fields=["subject", "encoding", "delimiter", "first_line", "has_headings", "headings", "mapping"])


def _start(job: ImportJob, status: ImportStatus, *, total: int, **fields: Any) -> None:
    """Set the fields of a new step and enqueue the job."""
    for name, value in fields.items():
        setattr(job, name, value)
    job.status, job.progress, job.progress_total = status, 0, total
    job.claim, job.claimed_at, job.attempts = None, None, 0
    job.save()
    transaction.on_commit(lambda: enqueue(job.pk), robust=True)


def _lock(job: ImportJob, *statuses: str) -> ImportJob | None:
    jobs = ImportJob.objects.select_for_update(of=("self",)).select_related("agency")
    return jobs.filter(pk=job.pk, status__in=statuses).first()


def _lock_with_file(job: ImportJob) -> ImportJob | None:
    """Lock an uploaded or checked job and discard the results of its check. Return None if its file is gone."""
    locked = _lock(job, ImportStatus.UPLOADED, ImportStatus.CHECKED)
    if locked is None or not locked.chunks.exists():
        return None
    _delete_related(locked.rows, locked.keys)
    return locked


def _purge(job: ImportJob) -> None:
    """Delete a job that imported nothing yet, or all but the figures of a finished one."""
    if job.status in {ImportStatus.UPLOADED, ImportStatus.CHECKED}:
        job.delete()
        return
    _delete_related(job.rows, job.chunks, job.keys)
    # Without a heading row, the first customer may have been taken for headings.
    job.headings, job.mapping, job.purged_at = [], {}, Now()
    job.save(update_fields=["headings", "mapping", "purged_at"])


def _delete_related(*managers: Any) -> None:
    for manager in managers:
        manager.all().delete()
