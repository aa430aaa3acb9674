"""Background tasks of bulk actions."""

import time

from celery import shared_task

from customers.bulk.runner import batches
from customers.bulk.services import enqueue, sweep

#: Seconds after which a worker returns a long job to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="customers.work_bulk")
def run_bulk(job_id: int) -> None:
    """Process a bulk action or its undo for `TIME_SLICE` seconds."""
    end = time.monotonic() + TIME_SLICE
    for _batch in batches(job_id):
        if time.monotonic() > end:
            enqueue(job_id)
            return


@shared_task(name="customers.sweep_bulk")
def sweep_bulk() -> int:
    """Enqueue bulk actions that no worker processes and return their number."""
    return sweep()
