"""Background tasks of exports."""

import time

from celery import shared_task

from customers.exports.runner import write_parts
from customers.exports.services import enqueue, sweep

#: Seconds after which a worker returns a long export to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="customers.work_export")
def run_export(job_id: int) -> None:
    """Write an export for `TIME_SLICE` seconds."""
    end = time.monotonic() + TIME_SLICE
    for _part in write_parts(job_id):
        if time.monotonic() > end:
            enqueue(job_id)
            return


@shared_task(name="customers.sweep_exports")
def sweep_exports() -> int:
    """Enqueue exports that no worker writes and return their number."""
    return sweep()
