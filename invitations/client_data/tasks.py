"""Background tasks of downloads of personal data."""

import time

from celery import shared_task

from invitations.client_data.addresses import delete_expired_changes
from invitations.client_data.exports import enqueue, purge, sweep
from invitations.client_data.runner import write_steps

#: Seconds after which a worker returns a long download to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="invitations.write_data_export")
def write_data_export(export_id: int) -> None:
    """Write a download for `TIME_SLICE` seconds."""
    end = time.monotonic() + TIME_SLICE
    for _step in write_steps(export_id):
        if time.monotonic() > end:
            enqueue(export_id)
            return


@shared_task(name="invitations.sweep_data_exports")
def sweep_data_exports() -> int:
    """Enqueue downloads that no worker writes, and return their number."""
    return sweep()


@shared_task(name="invitations.purge_data_exports")
def purge_data_exports() -> int:
    """Delete old downloads, and addresses whose codes have expired. Return the number of downloads."""
    delete_expired_changes()
    return purge()
