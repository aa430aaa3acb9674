"""Background tasks of erasures of an address."""

import time

from celery import shared_task

from partnerportal.desk.address_data.runner import erase_steps
from partnerportal.desk.address_data.services import enqueue, sweep

#: Seconds after which a worker returns a long erasure to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="desk.erase_address")
def erase_address(erasure_id: int) -> None:
    """Erase for `TIME_SLICE` seconds."""
    end = time.monotonic() + TIME_SLICE
    for _step in erase_steps(erasure_id):
        if time.monotonic() > end:
            enqueue(erasure_id)
            return


@shared_task(name="desk.sweep_address_erasures")
def sweep_address_erasures() -> int:
    """Enqueue erasures that no worker continues, and return their number."""
    return sweep()
