"""Requests that a member of the team is on, and who is on them when that member goes (see `agencies.team.holdings`)."""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext_lazy

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.agencies.team import ReassignableWork
from requests_inbox.models import ContactRequest


def _requests(member: Membership) -> QuerySet[ContactRequest]:
    return ContactRequest.objects.filter(agency=member.agency_id, handler=member.user_id, status__in=ContactRequest.UNSETTLED)


def _reassign(member: Membership, to: User | None) -> None:
    # Unread for everybody: somebody has to see to it.
    _requests(member).update(handler=to, changed_at=timezone.now())


REQUESTS = ReassignableWork(
    count=lambda member: _requests(member).count(),
    label=ngettext_lazy("%(count)d open request", "%(count)d open requests", "count"),
    hand_on=_reassign,
)
