"""Periodic tasks for invitations and access requests."""

from celery import shared_task

from invitations.client_data.tasks import purge_data_exports, sweep_data_exports, write_data_export
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import expire_request
from invitations.services.invitations import expire_each, expire_invitation

__all__ = ["expire", "purge_data_exports", "sweep_data_exports", "write_data_export"]

#: Maximum number of invitations, and of access requests, that expire in one run.
BATCH_SIZE = 500


@shared_task(name="invitations.expire")
def expire() -> int:
    """Expire overdue invitations and access requests, each in its own transaction, and return their number."""
    invitations = expire_each(AccessInvitation.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_invitation)
    return invitations + expire_each(AccessRequest.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_request)
