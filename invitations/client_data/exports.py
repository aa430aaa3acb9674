"""Actions on downloads of personal data: start, enqueue again, download, remove, purge.

A worker writes the files between these actions (`runner`), like exports of customers.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from customers.models import Customer
from invitations.client_data.models import KEEP_HOURS, DataExport, DataExportStatus
from partnerportal.accounts.models import User
from partnerportal.accounts.personal_data import PERSONAL_DATA
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.zip_stream import zipped

logger = logging.getLogger(__name__)

#: Number of times that a stalled download is enqueued again before it fails.
MAX_ATTEMPTS = 5


@transaction.atomic
def start_export(user: User) -> DataExport:
    """Let a worker write the person's data, which replaces earlier downloads. Return the running one, if there is one."""
    # A second submission waits here and finds the first one's row.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    exports = DataExport.objects.filter(user=user)
    if running := exports.filter(status=DataExportStatus.RUNNING).first():
        return running
    _delete(exports.all())
    export = DataExport.objects.create(user=user, progress_total=len(PERSONAL_DATA))
    record("account.data_requested", user, by=None, label="", source=AuditEvent.Source.WEB)
    transaction.on_commit(lambda: enqueue(export.pk), robust=True)
    return export


def enqueue(export_id: int) -> None:
    """Enqueue the worker's task. If the broker is unavailable, a sweep finds the download."""
    try:
        current_app.send_task("invitations.write_data_export", (export_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; download %s stays queued: %s", export_id, error)


def sweep() -> int:
    """Enqueue downloads that no worker writes, and return their number. They fail after `MAX_ATTEMPTS` without progress."""
    stalled = DataExport.objects.filter(status=DataExportStatus.RUNNING, heard_at__lte=Now() - timedelta(seconds=settings.IMPORT_LEASE))
    if failed := stalled.filter(attempts__gte=MAX_ATTEMPTS).update(status=DataExportStatus.FAILED):
        logger.error("%s downloads of personal data failed.", failed)
    keys = list(stalled.values_list("pk", flat=True))
    DataExport.objects.filter(pk__in=keys).update(heard_at=Now(), attempts=F("attempts") + 1)
    for key in keys:
        enqueue(key)
    return len(keys)


@transaction.atomic
def download(export: DataExport) -> Iterator[bytes]:
    """Record the download, and return the parts of a ZIP file."""
    record("account.data_downloaded", export.user, by=None, label="", source=AuditEvent.Source.WEB)
    return zipped(_pieces(export), when=export.created_at)


@transaction.atomic
def remove(export: DataExport) -> None:
    """Delete a download. A worker that writes it stops."""
    _delete(DataExport.objects.filter(pk=export.pk))


@transaction.atomic
def purge() -> int:
    """Delete downloads after `KEEP_HOURS`, and return their number."""
    return _delete(DataExport.objects.filter(created_at__lt=Now() - timedelta(hours=KEEP_HOURS)))


def erase_exports(customer: Customer, by: User) -> None:
    """Delete the downloads of an erased customer's clients, which can contain what they wrote about this customer."""
    _delete(DataExport.objects.filter(user__access_invitations__customer=customer))


def _delete(exports: QuerySet[DataExport]) -> int:
    # Waits for a worker that is writing a step.
    keys = sorted({*exports.order_by().values_list("pk", flat=True)})
    list(DataExport.objects.filter(pk__in=keys).order_by("pk").select_for_update().values_list("pk"))
    DataExport.objects.filter(pk__in=keys).delete()
    return len(keys)


def _pieces(export: DataExport) -> Iterator[tuple[str, bytes]]:
    """Yield the parts with the names of their files, of which the memory contains one at a time."""
    for number in range(export.parts):
        # If the download is deleted meanwhile, the exception interrupts it, and it doesn't look complete.
        part = export.file_parts.get(number=number)
        yield part.name, bytes(part.data)
