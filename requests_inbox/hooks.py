"""Registrations with other apps: erasure, merges and reassignment of requests."""

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.merging.relations import RELATIONS, Relation, no_rows
from customers.services.customers import erasure_hooks
from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.accounts.models import User
from partnerportal.accounts.personal_data import PERSONAL_DATA, PersonalData
from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.team import ReassignableWork, reassignable_work
from partnerportal.outbox.kinds import register_type
from requests_inbox import events  # noqa: F401  # registers the descriptions of audit events
from requests_inbox.models import ContactRequest
from requests_inbox.queries import request_rows
from requests_inbox.services.address_data import SECTIONS
from requests_inbox.services.requests import erase_customer_requests


def _requests(member: Membership) -> QuerySet[ContactRequest]:
    """Return the member's requests that are undecided or wait for a reply."""
    open_ones = ContactRequest.objects.undecided() | ContactRequest.objects.waiting()
    return open_ones.filter(agency=member.agency_id, assignee=member.user_id)


def _reassign(member: Membership, to: User | None, by: User) -> None:
    # The activity marks the requests as unread for all members.
    _requests(member).update(assignee=to, last_activity_at=timezone.now())


register_type("requests", _("Requests"), "contact_acknowledgement", "contact_reply")
PERSONAL_DATA.append(PersonalData("contact-requests", request_rows))
ADDRESS_DATA.extend(SECTIONS)
erasure_hooks.append(erase_customer_requests)
# An assigned request permanently belongs to its customer.
RELATIONS.append(
    Relation(ContactRequest, ngettext_lazy("%(count)d request", "%(count)d requests", "count"), moves=no_rows, anchor="requests")
)
reassignable_work.append(
    ReassignableWork(
        count=lambda member: _requests(member).count(),
        label=ngettext_lazy("%(count)d open request", "%(count)d open requests", "count"),
        reassign=_reassign,
    )
)
