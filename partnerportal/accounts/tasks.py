"""Scheduled tasks for accounts."""

from celery import shared_task

from partnerportal.accounts.services import accounts, second_factors, sessions
from partnerportal.core.batches import process_in_batches


@shared_task(name="accounts.purge_unconfirmed")
def purge_unconfirmed() -> int:
    """Delete client accounts whose code was never entered."""
    return accounts.purge_unconfirmed()


@shared_task(name="accounts.delete_ended_sessions")
def delete_ended_sessions() -> int:
    """Delete sessions that have ended, and their entries in the lists of sessions. Return the number of both."""
    return process_in_batches(sessions.delete_expired) + process_in_batches(sessions.delete_old)


@shared_task(name="accounts.reseal_second_factors")
def reseal_second_factors() -> int:
    """Re-encrypt second factors after a change of `SECRET_KEY`, and return their number."""
    return second_factors.reencrypt()
