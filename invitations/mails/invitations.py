"""E-mails about invitations and access: every transition notifies the other party in its language."""

from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from invitations.mails.recipients import send_to_member
from invitations.models import AccessInvitation
from invitations.models.areas import access_label
from partnerportal.accounts.models import User
from partnerportal.core.pending import day_in
from partnerportal.outbox.letters import Letter, RenderedLetter, render_letter
from partnerportal.outbox.services import queue_letter

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# --- To the agency -------------------------------------------------------------------------------


def send_access_given(invitation: AccessInvitation) -> None:
    """Notify the agency of a client’s invitation."""
    letter = Letter(
        kind="access_given",
        subject=_("%(who)s wants to give you access"),
        intro=_("%(who)s wants to give you %(access)s."),
        quote=invitation.message,
        quote_label=_("Message from %(name)s:"),
        outro=[_("Connect it to a customer, or reject it. The invitation expires on %(date)s.")],
        button=_("View invitation"),
        values={"name": invitation.name, "date": invitation.valid_until},
    )
    send_to_agency(invitation, letter)


def send_invitation_withdrawn(invitation: AccessInvitation) -> None:
    """Notify the agency that the client withdrew the invitation."""
    letter = Letter(
        kind="access_withdrawn",
        subject=_("%(who)s has withdrawn their invitation"),
        intro=_("%(who)s has withdrawn the invitation sent on %(date)s. No action is needed."),
    )
    send_to_agency(invitation, letter)


def send_access_changed(invitation: AccessInvitation, *, before: tuple[str, list[str]]) -> None:
    """Notify the agency that the client changed its access; `before` is the previous scope and areas."""
    letter = Letter(
        kind="access_changed",
        subject=_("%(who)s has changed your access"),
        intro=_("%(who)s has changed your access. You now have %(access)s."),
        outro=[_("You previously had %(before)s."), *end_sentences(invitation)],
        button=_("View access"),
        values={"before": lambda: access_label(*before)},
    )
    send_to_agency(invitation, letter)


def send_access_revoked(invitation: AccessInvitation) -> None:
    """Notify the agency that the client revoked its access."""
    letter = Letter(
        kind="access_revoked",
        subject=_("%(who)s has revoked your access"),
        intro=_("%(who)s has revoked the access you’ve had since %(since)s (%(access)s)."),
        outro=[_("Please stop using it. If you think this is a mistake, contact them or send an access request.")],
        button=_("View access"),
    )
    send_to_agency(invitation, letter)


# --- To the client -------------------------------------------------------------------------------


def send_access_connected(invitation: AccessInvitation, *, by: User) -> None:
    """Notify the client that the agency connected the access."""
    letter = Letter(
        kind="access_connected",
        subject=_("%(agency)s now has access"),
        intro=_("Thank you! %(agency)s has accepted your invitation (%(access)s) and can now work on your behalf."),
        outro=[*end_sentences(invitation), _("You can view, change or revoke this access at any time.")],
        button=_("Manage access you’ve given"),
    )
    send_to_client(invitation, letter, by=by)


def send_invitation_rejected(invitation: AccessInvitation, *, by: User) -> None:
    """Notify the client that the agency rejected the invitation. Quotes the personal message, if there is one."""
    send_to_client(invitation, _rejection(invitation.reason), by=by)


def preview_invitation_rejected(invitation: AccessInvitation, *, message: str, by: User) -> RenderedLetter:
    """Return the rejection with this personal message as the client would receive it."""
    return render_letter(_client_letter(invitation, _rejection(message), by=by))


def _rejection(message: str) -> Letter:
    return Letter(
        kind="access_rejected",
        subject=_("Your invitation to %(agency)s"),
        intro=_(
            "%(agency)s is unable to accept your invitation of %(date)s. No access was given (%(access)s), and nothing changes for you."
        ),
        quote=message,
        quote_label=_("Message from %(agency)s:"),
        outro=[_("You can invite them again later, or choose another agency in the partner network.")],
        button=_("Manage access you’ve given"),
    )


def send_access_ended(invitation: AccessInvitation, *, by: User) -> None:
    """Notify the client that the agency ended its access. Quotes the reason, if there is one."""
    letter = Letter(
        kind="access_disconnected",
        subject=_("%(agency)s has ended its access"),
        intro=_("%(agency)s has ended the access you gave them (%(access)s) and can no longer use it."),
        quote=invitation.reason,
        quote_label=_("Message from %(agency)s:"),
        outro=[_("If you work together again, you can send a new invitation.")],
        button=_("Manage access you’ve given"),
    )
    send_to_client(invitation, letter, by=by)


def send_customer_erased(invitation: AccessInvitation) -> None:
    """Notify the client that their data was erased. No agency can read this e-mail, because it outlives the erasure."""
    letter = Letter(
        kind="access_erased",
        subject=_("%(agency)s has ended its access"),
        intro=_("%(agency)s has deleted your data. This also ends the access you gave them (%(access)s)."),
        button=_("Manage access you’ve given"),
    )
    queue_letter(replace(_client_letter(invitation, letter), agency=None, customer=None))


# --- To both -------------------------------------------------------------------------------------


def send_invitation_expired(invitation: AccessInvitation) -> None:
    """Notify both parties that the invitation expired without an answer."""
    letter = Letter(
        kind="access_expired",
        subject=_("Your invitation to %(agency)s has expired"),
        intro=_("%(agency)s didn’t respond to your invitation of %(date)s in time, so it has expired. No access was given."),
        outro=[_("You can send a new invitation at any time.")],
        button=_("Manage access you’ve given"),
    )
    send_to_client(invitation, letter)
    letter = Letter(
        kind="access_expired",
        subject=_("The invitation from %(who)s has expired"),
        intro=_("No one responded in time to the invitation from %(who)s (sent on %(date)s), so it has expired."),
        outro=[_("If you want to work with them, ask for a new invitation or send an access request.")],
        button=_("View invitation"),
    )
    send_to_agency(invitation, letter)


def send_access_ended_by_admin(invitation: AccessInvitation) -> None:
    """Notify both parties that an administrator ended the access, and why."""
    letter = Letter(
        kind="access_force_ended",
        subject=_("%(agency)s no longer has access"),
        intro=_("A Partner Portal administrator has ended the access you gave %(agency)s (%(access)s)."),
        quote=invitation.reason,
        quote_label=_("Message from the administrator:"),
        button=_("Manage access you’ve given"),
    )
    send_to_client(invitation, letter)
    send_to_agency(
        invitation,
        replace(
            letter,
            subject=_("Your access to %(who)s has been ended"),
            intro=_("A Partner Portal administrator has ended the access %(who)s gave you (%(access)s)."),
            button=_("View access"),
        ),
    )


def end_sentences(invitation: AccessInvitation) -> "list[StrOrPromise]":
    """Return a sentence about the end of an access that has one."""
    if invitation.ends_on:
        return [_("The access ends on %(end)s.")]
    return [_("The access lasts until the project “%(project)s” is completed.")] if invitation.project else []


def send_access_over(invitation: AccessInvitation) -> None:
    """Notify both parties that the access has ended with its last day."""
    letter = Letter(
        kind="access_over",
        subject=_("Your access for %(agency)s has ended"),
        intro=_("The access you gave %(agency)s (%(access)s) ended on %(end)s, as you chose. The agency can no longer use it."),
        outro=[_("If you work together again, you can send a new invitation.")],
        button=_("Manage access you’ve given"),
    )
    send_to_client(invitation, letter)
    letter = Letter(
        kind="access_over",
        subject=_("Your access from %(who)s has ended"),
        intro=_("The access you’ve had from %(who)s since %(since)s (%(access)s) ended on %(end)s, as they chose."),
        outro=[_("Stop using it. If you still need access, send an access request.")],
        button=_("View access"),
    )
    send_to_agency(invitation, letter)


# --- Recipients ----------------------------------------------------------------------------------


def send_to_client(invitation: AccessInvitation, letter: Letter, *, by: User | None = None) -> None:
    """Send the client a letter in the agency's name, signed by the member who sends it."""
    queue_letter(_client_letter(invitation, letter, by=by))


def _client_letter(invitation: AccessInvitation, letter: Letter, *, by: User | None = None) -> Letter:
    agency = invitation.agency
    return replace(
        letter,
        to=invitation.client.email,
        language=invitation.language,
        values={**_values(invitation), **letter.values},
        name=invitation.stated_name,
        link=letter.link or f"{settings.SITE_URL}{reverse('invitations:access_list')}",
        signature=f"{by}\n{agency}" if by else str(agency),
        footer_reason=_("You’re receiving this e-mail because you gave, or offered, %(agency)s access in the Partner Portal."),
        agency=agency,
        customer=invitation.customer,
        from_name=agency.name,
        reply_to=by.email if by else "",
    )


def send_to_agency(invitation: AccessInvitation, letter: Letter) -> None:
    """Send a letter to the member who looks after the customer."""
    customer = invitation.customer
    letter = replace(
        letter,
        values={**_values(invitation), **letter.values},
        link=f"{settings.SITE_URL}{invitation.get_absolute_url()}",
        customer=customer,
        reply_to=invitation.client.email,
    )
    responsible = customer.responsible_id if customer else None
    send_to_member(letter, invitation.agency, responsible, invitation.connected_by_id, about=invitation)


def _values(invitation: AccessInvitation) -> dict[str, object]:
    zone = invitation.agency.time_zone
    return {
        "who": lambda: invitation.display_name,
        "agency": str(invitation.agency),
        "access": lambda: invitation.access_label,
        "date": day_in(zone, invitation.created_at),
        "since": day_in(zone, invitation.connected_at or invitation.created_at),
        "end": invitation.ends_on,
        "project": lambda: str(invitation.project or ""),
    }
