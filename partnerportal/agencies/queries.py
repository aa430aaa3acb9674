"""Members of agencies to notify, and agencies without an owner."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Mode, Notification, Role
from partnerportal.core.compiled import compiled


def all_members(agency: Agency) -> list[Membership]:
    """Return the members, oldest first, with their notification modes and addresses, also deactivated ones."""
    members = _members(agency=agency.pk)
    for member in members:
        member.agency = agency
    return members


def active_members(agency: Agency, *, besides: User | None = None) -> list[Membership]:
    """Return the active members, oldest first, with their notification modes, without the one who acts (`besides`)."""
    return [member for member in all_members(agency) if member.user.is_active and (besides is None or member.user_id != besides.pk)]


def members_notified_about(agency: Agency, *kinds: Notification, mode: Mode = Mode.NOW, besides: User | None = None) -> list[Membership]:
    """Return the members who are notified of an event of these kinds in this way, without the one who acts (`besides`)."""
    return [member for member in active_members(agency, besides=besides) if member.is_notified_about(*kinds, mode=mode)]


def without_owner(agencies: QuerySet[Agency]) -> QuerySet[Agency]:
    """Return those agencies that no owner has joined."""
    return agencies.exclude(Exists(Membership.objects.filter(agency=OuterRef("pk"), role=Role.OWNER)))


@compiled
def _members(*, agency: Any) -> QuerySet[Membership]:
    members = Membership.objects.filter(agency=agency).with_notification_modes().with_addresses()
    return members.select_related("user").order_by("pk")
