"""What beat has done for accounts."""

from celery import shared_task

from partnerportal.accounts.services import client_accounts, second_factors


@shared_task(name="accounts.purge_unconfirmed")
def purge_unconfirmed() -> int:
    """Delete accounts of clients whose code was never entered; how many that were."""
    return client_accounts.purge_unconfirmed()


@shared_task(name="accounts.reseal_second_factors")
def reseal_second_factors() -> int:
    """After `SECRET_KEY` was replaced: seal second factors with the new one; how many that were."""
    return second_factors.reencrypt()
