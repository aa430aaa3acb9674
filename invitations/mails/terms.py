"""E-mails about the end of an access."""

from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from invitations.mails.invitations import end_sentences, send_to_agency, send_to_client
from invitations.models import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.outbox.letters import Letter


def send_access_ending(invitation: AccessInvitation) -> None:
    """Notify the client a week before the last day of an access. The agency is notified like of other deadlines."""
    letter = Letter(
        kind="access_ending",
        subject=_("Your access for %(agency)s ends on %(end)s"),
        intro=_("The access you gave %(agency)s (%(access)s) ends on %(end)s."),
        outro=[_("No action is needed. If %(agency)s should keep working for you after that, extend the access.")],
        button=_("Extend access"),
        link=_extend_url(invitation),
    )
    send_to_client(invitation, letter)


def send_access_ends_with_project(invitation: AccessInvitation) -> None:
    """Notify both parties that the access ends today, because its project is completed, cancelled or deleted."""
    outro = _("Until the end of the day, the client can extend the access.")
    letter = Letter(
        kind="access_ends_with_project",
        subject=_("Your access for %(agency)s ends today"),
        intro=_("The project until which you gave %(agency)s access is closed, so the access (%(access)s) ends on %(end)s."),
        outro=[_("No action is needed. If %(agency)s should keep working for you after that, extend the access.")],
        button=_("Extend access"),
        link=_extend_url(invitation),
    )
    send_to_client(invitation, letter)
    letter = replace(
        letter,
        subject=_("Your access from %(who)s ends today"),
        intro=_("The project until which %(who)s gave you access is closed, so the access (%(access)s) ends on %(end)s."),
        outro=[outro],
        button=_("View access"),
    )
    send_to_agency(invitation, letter)


def send_access_continues(invitation: AccessInvitation) -> None:
    """Notify the client that the access doesn't end yet, because its project is open again."""
    letter = Letter(
        kind="access_continues",
        subject=_("Your access for %(agency)s continues"),
        intro=_(
            "%(agency)s has reopened the project “%(project)s”. The access you gave them (%(access)s) continues until it is completed."
        ),
        outro=[_("You can view, change or revoke this access at any time.")],
        button=_("Manage access you’ve given"),
    )
    send_to_client(invitation, letter)


def send_access_extended(invitation: AccessInvitation) -> None:
    """Notify the agency that the client extended its access."""
    letter = Letter(
        kind="access_extended",
        subject=_("%(who)s has extended your access"),
        intro=_("%(who)s has extended your access (%(access)s)."),
        outro=end_sentences(invitation) or [_("It no longer has an end date.")],
        button=_("View access"),
    )
    send_to_agency(invitation, letter)


def send_extension_request(invitation: AccessInvitation, *, by: User) -> None:
    """Ask the client to extend the access."""
    letter = Letter(
        kind="access_extension_request",
        subject=_("%(agency)s asks you to extend its access"),
        intro=_("The access you gave %(agency)s (%(access)s) ends on %(end)s. %(person)s asks you to extend it."),
        outro=[_("You decide: extend the access, or decline. If you do nothing, it ends as planned.")],
        button=_("View request"),
        link=_extend_url(invitation),
        values={"person": str(by)},
    )
    send_to_client(invitation, letter, by=by)


def send_extension_declined(invitation: AccessInvitation) -> None:
    """Notify the agency that the client declined to extend the access."""
    letter = Letter(
        kind="access_extension_declined",
        subject=_("%(who)s doesn’t extend your access"),
        intro=_("%(who)s has declined your request to extend the access (%(access)s). It ends on %(end)s."),
        button=_("View access"),
    )
    send_to_agency(invitation, letter)


def _extend_url(invitation: AccessInvitation) -> str:
    return f"{settings.SITE_URL}{reverse('invitations:extend_access', args=[invitation.pk])}"
