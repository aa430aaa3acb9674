"""What people are told about the team they are on, a function each; in their language, or else the agency's."""

from collections.abc import Callable

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, TeamInvitation
from partnerportal.outbox.content import EmailContent, render_email
from partnerportal.outbox.services import queue_mail


def send_invitation(invitation: TeamInvitation, *, account: User | None, by: User) -> None:
    """The link. It belongs to no agency's mails: whoever of the team could read it there could use it."""
    agency = invitation.agency
    with translation.override((account and account.language) or agency.language):
        values = {
            "agency": agency,
            "by": by,
            "role": invitation.get_role_display(),
            "date": date_format(invitation.valid_until, "DATE_FORMAT"),
        }
        letter = EmailContent(
            subject=_("%(by)s invited you to join %(agency)s") % values,
            first=_("%(by)s has invited you to work for %(agency)s in the Partner Portal. Your role: %(role)s.") % values,
            then=[_("The link is valid until %(date)s and works for this address only.") % values],
            button=_("View invitation"),
            link_first=True,
        )
        why = _(
            "You’re receiving this e-mail because someone at %(agency)s entered your address. If you don’t know them, you can ignore it."
        )
        parts = render_email(
            letter, name=account.full_name if account else "", sender=_("Partner Portal"), why=why % values, link=invitation.link or ""
        )
    queue_mail(kind="team_invitation", to=invitation.email, reply_to=by.email, **parts)


def send_member_joined(member: Membership, *, invited_by: User | None) -> None:
    """Whoever invited them; the owners, where that person has left or is an admin."""
    owners = member.agency.memberships.owners().exclude(pk=member.pk).select_related("user").order_by("created_at", "pk")
    still_here = [other for other in owners if other.user == invited_by]
    for owner in still_here or owners:
        _send(
            "team_joined",
            member.agency,
            owner.user,
            lambda: EmailContent(
                subject=_("%(name)s has joined the team") % {"name": member.user},
                first=_("%(name)s (%(email)s) has accepted the invitation and now works for %(agency)s. Role: %(role)s.")
                % {"name": member.user, "email": member.user.email, "agency": member.agency, "role": member.get_role_display()},
                button=_("View team"),
            ),
            reply_to=member.user.email,
        )


def send_role_changed(member: Membership, *, by: User) -> None:
    """The member, what they are now."""
    values = {"agency": member.agency, "by": by}
    _send(
        "team_role",
        member.agency,
        member.user,
        lambda: EmailContent(
            subject=_("Your role at %(agency)s has changed") % values,
            first=_("%(by)s has changed your role at %(agency)s to %(role)s.") % {**values, "role": member.get_role_display()},
            button=_("View team"),
        ),
        reply_to=by.email,
    )


def send_member_removed(member: Membership, *, by: User) -> None:
    """Whoever was removed."""
    values = {"agency": member.agency, "by": by}
    _send(
        "team_removed",
        member.agency,
        member.user,
        lambda: EmailContent(
            subject=_("You’ve been removed from the %(agency)s team") % values,
            first=_(
                "%(by)s has removed you from the %(agency)s team. "
                "You’ve been signed out everywhere and won’t receive any more notifications."
            )
            % values,
            then=[_("Your account is kept. If you think this is a mistake, reply to this e-mail.")],
        ),
        reply_to=by.email,
        is_member=False,
    )


def send_member_left(member: Membership) -> None:
    """The owners."""
    for owner in member.agency.memberships.owners().select_related("user"):
        _send(
            "team_left",
            member.agency,
            owner.user,
            lambda: EmailContent(
                subject=_("%(name)s has left the team") % {"name": member.user},
                first=_("%(name)s (%(email)s) has left the %(agency)s team.")
                % {"name": member.user, "email": member.user.email, "agency": member.agency},
                button=_("View team"),
            ),
            reply_to=member.user.email,
        )


def send_ownership_transferred(heir: Membership, *, by: User) -> None:
    """All who own the agency now, and whoever did until now: nobody gives an agency away unnoticed."""
    values = {"agency": heir.agency, "by": by, "name": heir.user}
    owners = [member.user for member in heir.agency.memberships.owners().select_related("user").order_by("created_at", "pk")]
    for person in [*owners, by]:
        _send(
            "team_ownership",
            heir.agency,
            person,
            lambda: EmailContent(
                subject=_("%(agency)s has a new owner") % values,
                first=_("%(by)s has transferred ownership of %(agency)s to %(name)s and is now a manager.") % values,
                then=[_("If this wasn’t intended, reply immediately.")],
                button=_("View team"),
            ),
            reply_to=by.email if person != by else heir.user.email,
        )


def _send(kind: str, agency: Agency, to: User, letter: Callable[[], EmailContent], *, reply_to: str, is_member: bool = True) -> None:
    """The letter is made once the language is the reader's."""
    with translation.override(to.language or agency.language):
        why = (
            _("You’re receiving this e-mail because you work for %(agency)s.")
            if is_member
            else _("You’re receiving this e-mail because you were a member of the %(agency)s team.")
        ) % {"agency": agency}
        made = letter()
        link = f"{settings.SITE_URL}{reverse('agencies:team')}" if made.button else ""
        parts = render_email(made, name=to.full_name, sender=_("Partner Portal"), why=why, link=link)
    queue_mail(kind=kind, to=to.email, agency=agency, reply_to=reply_to, **parts)
