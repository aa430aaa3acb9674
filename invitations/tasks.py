"""Periodic tasks for invitations, access and access requests."""

from celery import shared_task

from invitations.client_data.tasks import purge_data_exports, sweep_data_exports, write_data_export
from invitations.credentials.tasks import delete_revealed_credentials, reencrypt_credentials
from invitations.models import AccessInvitation, AccessRequest
from invitations.services.access_requests import expire_request
from invitations.services.invitations import end_access_on_its_day, expire_each, expire_invitation
from invitations.services.terms import continue_with_project, end_with_project

__all__ = [
    "delete_revealed_credentials",
    "end_access",
    "expire",
    "purge_data_exports",
    "reencrypt_credentials",
    "sweep_data_exports",
    "write_data_export",
]

#: Maximum number of invitations, and of access requests, that expire in one run. The same for access that ends.
BATCH_SIZE = 500


@shared_task(name="invitations.expire")
def expire() -> int:
    """Expire overdue invitations and access requests, each in its own transaction, and return their number."""
    invitations = expire_each(AccessInvitation.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_invitation)
    return invitations + expire_each(AccessRequest.objects.past_expiry().order_by("pk")[:BATCH_SIZE], expire_request)


@shared_task(name="invitations.end_access")
def end_access() -> int:
    """End access whose last day has passed, each in its own transaction, and return its number.

    Before that, access until the completion of a project gets its last day, or loses it if the project is open again.
    """
    given = AccessInvitation.objects.order_by("pk")
    expire_each(given.with_reopened_project()[:BATCH_SIZE], continue_with_project)
    expire_each(given.with_closed_project()[:BATCH_SIZE], end_with_project)
    return expire_each(given.past_end()[:BATCH_SIZE], end_access_on_its_day)
