"""What workers and beat do for imports."""

import logging
import time

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

#: Seconds after which a worker puts an import back into the line, so that mails needn't wait until a long one is through.
TIME_SLICE = 10


@shared_task(name="customers.work_import")
def run_import(job_id: int) -> None:
    """Go on with an import for `SLICE` seconds, if nobody else is at it.

    Each batch is one transaction: what a killed worker has written down is done, the rest is as if never begun.
    """
    from customers.imports import runner

    claimed = runner.claim(job_id)
    if claimed is None:
        return
    end = time.monotonic() + TIME_SLICE
    for _batch in runner.run_batches(claimed):
        if time.monotonic() > end:
            if runner.release_claim(claimed):
                enqueue(job_id)
            return


@shared_task(name="customers.sweep_imports")
def sweep_imports() -> int:
    """Hand out imports that wait in nobody's hands; how many that were.

    Finds what was lost between commit and broker, and what a killed worker held.
    """
    from customers.imports import runner

    lost = runner.stalled_imports()
    for job_id in lost:
        enqueue(job_id)
    return len(lost)


@shared_task(name="customers.purge_imports")
def purge_imports() -> int:
    """Delete what is kept of old files, and which forms were sent long ago; how many imports that were."""
    from customers.imports.services import purge
    from customers.services.submissions import forget_submissions

    forget_submissions()
    return purge()


def enqueue(job_id: int) -> None:
    """Tell the broker that an import waits. If it is away, the import waits for the next sweep."""
    try:
        run_import.apply_async((job_id,), retry=False, expires=settings.IMPORT_LEASE)
    except OperationalError as error:
        logger.warning("Broker unavailable; import %s stays queued: %s", job_id, error)
