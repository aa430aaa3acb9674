"""Background tasks of the search for duplicates."""

import time

from celery import shared_task

from customers.merging.pairs import enqueue, run_batches, search_changed, sweep

#: Seconds after which a worker returns a long search to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="customers.work_pairs")
def run_search(search_id: int) -> None:
    """Search for duplicates for `TIME_SLICE` seconds."""
    end = time.monotonic() + TIME_SLICE
    for _batch in run_batches(search_id):
        if time.monotonic() > end:
            enqueue(search_id)
            return


@shared_task(name="customers.sweep_pairs")
def sweep_searches() -> int:
    """Enqueue searches that no worker continues and return their number."""
    return sweep()


@shared_task(name="customers.search_duplicates")
def search_duplicates() -> int:
    """Search the customers of each agency that has changed some, and return the number of searches."""
    return search_changed()
