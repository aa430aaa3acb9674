"""Background tasks of credentials."""

from celery import shared_task

from invitations.credentials.services.credentials import delete_overdue, reencrypt


@shared_task(name="invitations.delete_revealed_credentials")
def delete_revealed_credentials() -> int:
    """Delete credentials 30 days after their first reveal and return their number."""
    return delete_overdue()


@shared_task(name="invitations.reencrypt_credentials")
def reencrypt_credentials() -> int:
    """Re-encrypt credentials after a change of `SECRET_KEY` and return their number."""
    return reencrypt()
