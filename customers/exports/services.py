"""Actions on exports: start, enqueue again, download, remove, purge.

A worker writes the file between these actions (`runner`).
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from customers.exports.models import KEEP_HOURS, ExportStatus
from customers.models import Customer, ExportJob
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record

logger = logging.getLogger(__name__)

#: Number of exports kept for each agency.
KEEP_JOBS = 5
#: Number of times that a stalled export is enqueued again before it fails.
MAX_ATTEMPTS = 5


@transaction.atomic
def start_export(
    *, agency: Agency, query: str, delimiter: str, total: int, by: User, extra: Sequence[Sequence[str]] = ()
) -> tuple[ExportJob, bool]:
    """Let a worker export the customers that match the list's query string. Return the agency's running export, and whether it is new.

    `extra` are the keys and headings of further columns.
    """
    # An erasure also locks the agency: it deletes this export, or has already erased the customer.
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    jobs = ExportJob.objects.for_agency(agency)
    if running := jobs.filter(status=ExportStatus.RUNNING).first():
        return running, False
    _delete(jobs.filter(pk__in=jobs.order_by("-pk").values("pk")[KEEP_JOBS - 1 :]))
    job = ExportJob.objects.create(agency=agency, started_by=by, query=query, delimiter=delimiter, extra=list(extra), progress_total=total)
    record("customers.exported", agency, by=by, count=total)
    transaction.on_commit(lambda: enqueue(job.pk), robust=True)
    return job, True


def enqueue(job_id: int) -> None:
    """Enqueue the worker's task. If the broker is unavailable, a sweep finds the export."""
    try:
        current_app.send_task("customers.work_export", (job_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; export %s stays queued: %s", job_id, error)


def sweep() -> int:
    """Enqueue exports that no worker writes, and return their number. Exports fail after `MAX_ATTEMPTS` without progress."""
    stalled = ExportJob.objects.filter(status=ExportStatus.RUNNING, heard_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    if failed := stalled.filter(attempts__gte=MAX_ATTEMPTS).update(status=ExportStatus.FAILED):
        logger.error("%s exports failed.", failed)
    keys = list(stalled.values_list("pk", flat=True))
    ExportJob.objects.filter(pk__in=keys).update(heard_at=Now(), attempts=F("attempts") + 1)
    for key in keys:
        enqueue(key)
    return len(keys)


@transaction.atomic
def download(job: ExportJob, *, by: User) -> Iterator[bytes]:
    """Record the download of a finished export, and return the parts of its file."""
    record("customers.export_downloaded", job.agency, by=by, count=job.progress)
    return _read(job)


@transaction.atomic
def remove(job: ExportJob) -> None:
    """Delete an export with its file. A worker that writes it stops."""
    _delete(ExportJob.objects.filter(pk=job.pk))


@transaction.atomic
def purge() -> int:
    """Delete exports after `KEEP_HOURS`, and return their number."""
    return _delete(ExportJob.objects.filter(created_at__lt=Now() - timedelta(hours=KEEP_HOURS)))


def erase_agency_exports(customer: Customer, by: User) -> None:
    """Delete all exports of an erased customer's agency, because they can contain the customer."""
    _delete(ExportJob.objects.filter(agency=customer.agency_id))


def _read(job: ExportJob) -> Iterator[bytes]:
    # One part at a time. If the export is deleted meanwhile, the exception interrupts the download, which would otherwise look complete.
    for number in range(job.parts):
        yield bytes(job.file_parts.values_list("data", flat=True).get(number=number))


def _delete(jobs: QuerySet[ExportJob]) -> int:
    # Waits for a worker that is writing a part.
    keys = list(jobs.order_by("pk").select_for_update().values_list("pk", flat=True))
    ExportJob.objects.filter(pk__in=keys).delete()
    return len(keys)
