"""What beat has done for accounts."""

from celery import shared_task

from partnerportal.accounts import clients


@shared_task(name="accounts.purge_unconfirmed")
def purge_unconfirmed() -> int:
    """Delete accounts of clients whose code was never entered; how many that were."""
    return clients.purge_unconfirmed()
