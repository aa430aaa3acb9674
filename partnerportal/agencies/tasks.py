"""Scheduled tasks for team invitations."""

from celery import shared_task

from partnerportal.agencies.models import TeamInvitation
from partnerportal.agencies.services import team_invitations


@shared_task(name="agencies.expire_invitations")
def expire_invitations() -> int:
    """Expire team invitations past their date and return their number."""
    return team_invitations.expire(TeamInvitation.objects.past_expiry())
