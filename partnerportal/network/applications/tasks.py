"""Background tasks for applications."""

from celery import shared_task

from partnerportal.network.applications.services import delete_past_retention

#: Maximum number of applications deleted in one transaction.
BATCH = 500


@shared_task(name="network.delete_old_applications")
def delete_old_applications() -> int:
    """Delete all applications past their term, and return their number."""
    deleted = 0
    while count := delete_past_retention(BATCH):
        deleted += count
    return deleted
