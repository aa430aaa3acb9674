"""What beat has done for teams."""

from celery import shared_task

from partnerportal.agencies.models import TeamInvitation
from partnerportal.agencies.services import team_invitations


@shared_task(name="agencies.expire_invitations")
def expire_invitations() -> int:
    """Write down which invitations nobody accepted in time; how many that were."""
    return team_invitations.expire(TeamInvitation.objects.past_expiry())
