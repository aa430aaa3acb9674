"""Background task of the digest."""

import time

from celery import shared_task

from partnerportal.desk.digest.services import enqueue, purge, send_due_digests

#: Seconds after which a worker returns to other tasks, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="desk.send_digests")
def send_digests() -> int:
    """Send due digests for `TIME_SLICE` seconds, and return the number of e-mails."""
    end, sent = time.monotonic() + TIME_SLICE, 0
    for count in send_due_digests():
        sent += count
        if time.monotonic() > end:
            enqueue()
            return sent
    purge()
    return sent
