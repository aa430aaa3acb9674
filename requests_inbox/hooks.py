"""Registrations with other apps: erasure of requests, and reassignment of a departing member's requests."""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext_lazy

from customers.services.customers import erasure_hooks
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.team import ReassignableWork, reassignable_work
from requests_inbox import events  # noqa: F401  # registers the descriptions of audit events
from requests_inbox.models import ContactRequest
from requests_inbox.services.requests import erase_customer_requests


def _requests(member: Membership) -> QuerySet[ContactRequest]:
    return ContactRequest.objects.filter(agency=member.agency_id, handler=member.user_id, status__in=ContactRequest.UNSETTLED)


def _reassign(member: Membership, to: User | None) -> None:
    # The time of the change makes the request unread for all members.
    _requests(member).update(handler=to, changed_at=timezone.now())


REQUESTS = ReassignableWork(
    count=lambda member: _requests(member).count(),
    label=ngettext_lazy("%(count)d open request", "%(count)d open requests", "count"),
    reassign=_reassign,
)

erasure_hooks.append(erase_customer_requests)
reassignable_work.append(REQUESTS)
