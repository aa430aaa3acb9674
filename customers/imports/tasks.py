"""Background tasks of imports."""

import time

from celery import shared_task

from customers.bulk.services import purge as purge_bulk
from customers.exports.services import purge as purge_exports
from customers.imports import runner
from customers.imports.services import enqueue, purge
from customers.services.contacts import delete_removed_contacts
from customers.services.submissions import delete_old_submissions

#: Seconds after which a worker returns a long import to the queue, so that e-mails aren't delayed.
TIME_SLICE = 10


@shared_task(name="customers.work_import")
def run_import(job_id: int) -> None:
    """Process an import for `TIME_SLICE` seconds, unless another worker does."""
    job = runner.claim(job_id)
    if job is None:
        return
    end = time.monotonic() + TIME_SLICE
    for _batch in runner.run_batches(job):
        if time.monotonic() > end:
            if runner.release_claim(job):
                enqueue(job_id)
            return


@shared_task(name="customers.sweep_imports")
def sweep_imports() -> int:
    """Enqueue imports that no worker processes and return their number.

    Finds imports whose task was lost and imports of killed workers.
    """
    stalled = runner.stalled_imports()
    for job_id in stalled:
        enqueue(job_id)
    return len(stalled)


@shared_task(name="customers.purge_imports")
def purge_imports() -> int:
    """Delete old file data, exports, bulk actions and form submissions. Return the number of purged imports."""
    delete_old_submissions()
    delete_removed_contacts()
    purge_exports()
    purge_bulk()
    return purge()
