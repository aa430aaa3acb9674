"""Periodic tasks for invitations and access requests."""

from celery import shared_task

from invitations.credentials.tasks import delete_revealed_credentials, reencrypt_credentials
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import expire_request
from invitations.services.invitations import expire_each, expire_invitation

__all__ = ["delete_revealed_credentials", "expire", "reencrypt_credentials"]

#: Maximum number of invitations, and of access requests, that expire in one run.
BATCH_SIZE = 500


@shared_task(name="invitations.expire")
def expire() -> int:
    """Expire overdue invitations and access requests, each in its own transaction, and return their number."""
    invitations = expire_each(AccessInvitation.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_invitation)
    return invitations + expire_each(AccessRequest.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_request)
