"""Background tasks of review rounds and automatic requests."""

import time

from celery import shared_task

from reviews.rounds.automatic import enqueue as enqueue_automatic
from reviews.rounds.automatic import send_due
from reviews.rounds.runner import steps
from reviews.rounds.services import enqueue, purge, sweep

#: Seconds after which a worker returns a long job to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="reviews.work_round")
def run_round(round_id: int) -> None:
    """Prepare a round or send its requests, for `TIME_SLICE` seconds."""
    end = time.monotonic() + TIME_SLICE
    for _step in steps(round_id):
        if time.monotonic() > end:
            enqueue(round_id)
            return


@shared_task(name="reviews.sweep_rounds")
def sweep_rounds() -> int:
    """Enqueue rounds that no worker processes and return their number."""
    return sweep()


@shared_task(name="reviews.send_automatic")
def send_automatic() -> None:
    """Delete old drafts of rounds, and send the automatic requests that are due, for `TIME_SLICE` seconds at a time.

    A killed task is completed by the next hour's.
    """
    purge()
    end = time.monotonic() + TIME_SLICE
    for _outcome in send_due():
        if time.monotonic() > end:
            enqueue_automatic()
            return
