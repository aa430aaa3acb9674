"""Background tasks of deadlines."""

import time

from celery import shared_task

from customers.deadlines.services import enqueue, notify_agencies, purge

#: Seconds after which a worker returns the task to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="customers.notify_deadlines")
def notify_deadlines(after: int = 0) -> None:
    """Send the due notices of all agencies, for `TIME_SLICE` seconds at a time. A killed task is completed by the next hour's."""
    if not after:
        purge()
    end = time.monotonic() + TIME_SLICE
    for agency in notify_agencies(after):
        if time.monotonic() > end:
            enqueue(agency)
            return
