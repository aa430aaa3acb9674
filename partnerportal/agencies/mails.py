"""E-mails about the team, in the recipient’s language or else the agency’s."""

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Role, TeamInvitation
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter


def send_invitation(invitation: TeamInvitation, *, account: User | None, by: User) -> None:
    """Send the personal link. The e-mail belongs to no agency, because members who can read it could use the link."""
    agency = invitation.agency
    queue_letter(
        Letter(
            kind="team_invitation",
            to=invitation.email,
            language=(account and account.language) or agency.language,
            values={"agency": agency, "by": by, "role": Role(invitation.role).label, "date": invitation.valid_until},
            subject=_("%(by)s invited you to join %(agency)s"),
            name=account.full_name if account else "",
            intro=_("%(by)s has invited you to work for %(agency)s in the Partner Portal. Your role: %(role)s."),
            button=_("View invitation"),
            link=invitation.link or "",
            link_first=True,
            outro=[_("The link is valid until %(date)s and works for this address only.")],
            footer_reason=_(
                "You’re receiving this e-mail because someone at %(agency)s entered your address. "
                "If you don’t know them, you can ignore it."
            ),
            reply_to=by.email,
        )
    )


def send_member_joined(member: Membership, *, invited_by: User | None) -> None:
    """Notify the owner who invited the member, or all owners if that user is no longer one."""
    owners = [user for user in _owners(member.agency) if user != member.user]
    inviters = [user for user in owners if user == invited_by]
    letter = Letter(
        kind="team_joined",
        subject=_("%(name)s has joined the team"),
        intro=_("%(name)s (%(email)s) has accepted the invitation and now works for %(agency)s. Role: %(role)s."),
        button=_("View team"),
        values={"name": member.user, "email": member.user.email, "role": Role(member.role).label},
        reply_to=member.user.email,
    )
    _send(letter, member.agency, inviters or owners)


def send_role_changed(member: Membership, *, by: User) -> None:
    """Notify the member of their new role."""
    letter = Letter(
        kind="team_role",
        subject=_("Your role at %(agency)s has changed"),
        intro=_("%(by)s has changed your role at %(agency)s to %(role)s."),
        button=_("View team"),
        values={"by": by, "role": Role(member.role).label},
        reply_to=by.email,
    )
    _send(letter, member.agency, [member.user])


def send_member_removed(member: Membership, *, by: User) -> None:
    """Notify the member who was removed."""
    letter = Letter(
        kind="team_removed",
        subject=_("You’ve been removed from the %(agency)s team"),
        intro=_(
            "%(by)s has removed you from the %(agency)s team. You’ve been signed out everywhere and won’t receive any more notifications."
        ),
        outro=[_("Your account is kept. If you think this is a mistake, reply to this e-mail.")],
        footer_reason=_("You’re receiving this e-mail because you were a member of the %(agency)s team."),
        values={"by": by},
        reply_to=by.email,
    )
    _send(letter, member.agency, [member.user])


def send_member_left(member: Membership) -> None:
    """Notify the owners."""
    letter = Letter(
        kind="team_left",
        subject=_("%(name)s has left the team"),
        intro=_("%(name)s (%(email)s) has left the %(agency)s team."),
        button=_("View team"),
        values={"name": member.user, "email": member.user.email},
        reply_to=member.user.email,
    )
    _send(letter, member.agency, _owners(member.agency))


def send_ownership_transferred(new_owner: Membership, *, by: User) -> None:
    """Notify all owners and the previous owner, so that a transfer never goes unnoticed."""
    letter = Letter(
        kind="team_ownership",
        subject=_("%(agency)s has a new owner"),
        intro=_("%(by)s has transferred ownership of %(agency)s to %(name)s and is now a manager."),
        outro=[_("If this wasn’t intended, reply immediately.")],
        button=_("View team"),
        values={"by": by, "name": new_owner.user},
    )
    _send(replace(letter, reply_to=by.email), new_owner.agency, [user for user in _owners(new_owner.agency) if user != by])
    _send(replace(letter, reply_to=new_owner.user.email), new_owner.agency, [by])


def _owners(agency: Agency) -> list[User]:
    return [member.user for member in agency.memberships.owners().select_related("user").order_by("created_at", "pk")]


def _send(letter: Letter, agency: Agency, recipients: Iterable[User]) -> None:
    """Queue the letter to each recipient with a link to the team page."""
    for user in recipients:
        queue_letter(
            replace(
                letter,
                to=user.email,
                language=user.language or agency.language,
                values={"agency": agency, **letter.values},
                name=user.full_name,
                link=f"{settings.SITE_URL}{reverse('agencies:team')}",
                footer_reason=letter.footer_reason or _("You’re receiving this e-mail because you work for %(agency)s."),
                agency=agency,
                to_team=True,
            )
        )
