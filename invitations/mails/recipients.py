"""Selection of the member who receives e-mails about access."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from invitations.models import AccessInvitation, AccessRequest
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, DigestItem, InternalKind, Membership, Mode, Notification, Role
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter


def send_to_member(letter: Letter, agency: Agency, *preferred: int | None, about: AccessInvitation | AccessRequest) -> None:
    """Notify the agency’s `select_recipient()`; agencies without active members receive nothing.

    Members who chose the digest find the object that it is `about` there instead.
    """
    member = _select_member(agency, *preferred)
    if member is None:
        return
    if member.is_notified_about(Notification.ACCESS, mode=Mode.DIGEST):
        kind = InternalKind.ACCESS_REQUESTS if isinstance(about, AccessRequest) else Notification.ACCESS
        DigestItem.objects.add([member], kind, about.pk)
        return
    user = member.user
    queue_letter(
        replace(
            letter,
            to=user.email,
            language=member.language,
            name=user.full_name,
            footer_reason=_("You’re receiving this e-mail because you work for %(agency)s."),
            agency=agency,
            to_team=True,
        )
    )


def select_recipient(agency: Agency, *preferred: int | None) -> User | None:
    """Return the first active member among the preferred users, else the longest-standing owner, else any member.

    Members who turned off these notifications are skipped, unless all members turned them off.
    """
    member = _select_member(agency, *preferred)
    return member.user if member else None


def _select_member(agency: Agency, *preferred: int | None) -> Membership | None:
    active = (
        agency.memberships.filter(user__is_active=True)
        .with_notification_modes()
        .select_related("user", "agency")
        .order_by("created_at", "pk")
    )
    members: dict[int, Membership] = {member.user_id: member for member in active}
    first_choice = [members[user_id] for user_id in preferred if user_id in members]
    owners = [member for member in members.values() if member.role == Role.OWNER]
    candidates = [*first_choice, *owners, *members.values()]
    notified = [member for member in candidates if not member.is_notified_about(Notification.ACCESS, mode=Mode.OFF)] or candidates
    return notified[0] if notified else None
