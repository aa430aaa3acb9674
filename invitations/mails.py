"""The mails of this app, a function each: every step tells the other side, in its language.

They are all of one build (`templates/email/standard/`): what happened, somebody's own words as a quotation, what can be done now.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import access_label
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Notification, Role
from partnerportal.core.pending import day_in
from partnerportal.outbox.content import EmailContent, render_email
from partnerportal.outbox.services import queue_mail

# --- To the agency -----------------------------------------------------------------------------------------------------


def send_access_given(invitation: AccessInvitation) -> None:
    """A client gives access: somebody has to connect or reject it."""
    _to_agency(
        "access_given",
        invitation,
        lambda: EmailContent(
            subject=_("%(who)s wants to give you access") % {"who": invitation.display_name},
            first=_("%(who)s wants to give you %(access)s.") % _access(invitation),
            quote=invitation.message,
            quote_intro=_("Message from %(name)s:") % {"name": invitation.name},
            then=[
                _("Connect it to a customer, or reject it. The invitation expires on %(date)s.") % {"date": _day(invitation.valid_until)}
            ],
            button=_("View invitation"),
        ),
    )


def send_invitation_withdrawn(invitation: AccessInvitation) -> None:
    """The client no longer wants to."""
    _to_agency(
        "access_withdrawn",
        invitation,
        lambda: EmailContent(
            subject=_("%(who)s has withdrawn their invitation") % {"who": invitation.display_name},
            first=_("%(who)s has withdrawn the invitation sent on %(date)s. No action is needed.") % _access(invitation),
        ),
    )


def send_access_changed(invitation: AccessInvitation, *, before: tuple[str, list[str]]) -> None:
    """The client opened more or less; `before` are the scope and the areas until now."""
    _to_agency(
        "access_changed",
        invitation,
        lambda: EmailContent(
            subject=_("%(who)s has changed your access") % {"who": invitation.display_name},
            first=_("%(who)s has changed your access. You now have %(access)s.") % _access(invitation),
            then=[_("You previously had %(access)s.") % {"access": access_label(*before)}],
            button=_("View access"),
        ),
    )


def send_access_revoked(invitation: AccessInvitation) -> None:
    """The client took the access back."""
    _to_agency(
        "access_revoked",
        invitation,
        lambda: EmailContent(
            subject=_("%(who)s has revoked your access") % {"who": invitation.display_name},
            first=_("%(who)s has revoked the access you’ve had since %(since)s (%(access)s).") % _access(invitation),
            then=[_("Please stop using it. If you think this is a mistake, contact them or send an access request.")],
            button=_("View access"),
        ),
    )


# --- To the client -----------------------------------------------------------------------------------------------------


def send_access_connected(invitation: AccessInvitation, *, by: User) -> None:
    """The agency has connected the access."""
    _to_client(
        "access_connected",
        invitation,
        lambda: EmailContent(
            subject=_("%(agency)s now has access") % _access(invitation),
            first=_("Thank you! %(agency)s has accepted your invitation (%(access)s) and can now work on your behalf.")
            % _access(invitation),
            then=[_("You can view, change or revoke this access at any time.")],
            button=_("Manage access you’ve given"),
        ),
        by=by,
    )


def send_invitation_rejected(invitation: AccessInvitation, *, by: User) -> None:
    """The agency said no, in a standard mail; its personal message, if there is one, stands in it as a quotation."""
    _to_client("access_rejected", invitation, lambda: _rejection(invitation, invitation.reason), by=by)


def preview_invitation_rejected(invitation: AccessInvitation, *, message: str) -> dict[str, str]:
    """`subject`, `text`, `html` and `language` as the client would get them with this personal message, in the client's language."""
    return _client_parts(invitation, lambda: _rejection(invitation, message))


def _rejection(invitation: AccessInvitation, message: str) -> EmailContent:
    return EmailContent(
        subject=_("Your invitation to %(agency)s") % _access(invitation),
        first=_(
            "%(agency)s is unable to accept your invitation of %(date)s. No access was given (%(access)s), and nothing changes for you."
        )
        % _access(invitation),
        quote=message,
        quote_intro=_("Message from %(agency)s:") % _access(invitation),
        then=[_("You can invite them again later, or choose another agency in the partner network.")],
        button=_("Manage access you’ve given"),
    )


def send_access_ended(invitation: AccessInvitation, *, by: User) -> None:
    """The agency ended the access, with or without a reason."""
    _to_client(
        "access_disconnected",
        invitation,
        lambda: EmailContent(
            subject=_("%(agency)s has ended its access") % _access(invitation),
            first=_("%(agency)s has ended the access you gave them (%(access)s) and can no longer use it.") % _access(invitation),
            quote=invitation.reason,
            quote_intro=_("Message from %(agency)s:") % _access(invitation),
            then=[_("If you work together again, you can send a new invitation.")],
            button=_("Manage access you’ve given"),
        ),
        by=by,
    )


def send_customer_erased(invitation: AccessInvitation) -> None:
    """The agency erased the customer, and the access ended with it. No agency can read this mail, which outlives the erasure."""
    _to_client(
        "access_erased",
        invitation,
        lambda: EmailContent(
            subject=_("%(agency)s has ended its access") % _access(invitation),
            first=_("%(agency)s has deleted your data. This also ends the access you gave them (%(access)s).") % _access(invitation),
            button=_("Manage access you’ve given"),
        ),
        by=None,
        readable=False,
    )


# --- To both -----------------------------------------------------------------------------------------------------------


def send_invitation_expired(invitation: AccessInvitation) -> None:
    """Nobody answered in time."""
    _to_client(
        "access_expired",
        invitation,
        lambda: EmailContent(
            subject=_("Your invitation to %(agency)s has expired") % _access(invitation),
            first=_("%(agency)s didn’t respond to your invitation of %(date)s in time, so it has expired. No access was given.")
            % _access(invitation),
            then=[_("You can send a new invitation at any time.")],
            button=_("Manage access you’ve given"),
        ),
        by=None,
    )
    _to_agency(
        "access_expired",
        invitation,
        lambda: EmailContent(
            subject=_("The invitation from %(who)s has expired") % {"who": invitation.display_name},
            first=_("No one responded in time to the invitation from %(who)s (sent on %(date)s), so it has expired.") % _access(invitation),
            then=[_("If you want to work with them, ask for a new invitation or send an access request.")],
            button=_("View invitation"),
        ),
    )


def send_access_ended_by_admin(invitation: AccessInvitation) -> None:
    """The administration of the portal ended an access; both are told why."""
    _to_client(
        "access_force_ended",
        invitation,
        lambda: EmailContent(
            subject=_("%(agency)s no longer has access") % _access(invitation),
            first=_("A Partner Portal administrator has ended the access you gave %(agency)s (%(access)s).") % _access(invitation),
            quote=invitation.reason,
            quote_intro=_("Message from the administrator:"),
            button=_("Manage access you’ve given"),
        ),
        by=None,
    )
    _to_agency(
        "access_force_ended",
        invitation,
        lambda: EmailContent(
            subject=_("Your access to %(who)s has been ended") % {"who": invitation.display_name},
            first=_("A Partner Portal administrator has ended the access %(who)s gave you (%(access)s).") % _access(invitation),
            quote=invitation.reason,
            quote_intro=_("Message from the administrator:"),
            button=_("View access"),
        ),
    )


# --- Access requests ---------------------------------------------------------------------------------------------------


def send_access_request(asked: AccessRequest, *, by: User) -> None:
    """Ask the client, with the personal link."""
    _to_asked(
        "access_request",
        asked,
        lambda: EmailContent(
            subject=_("%(agency)s is requesting access") % _asked(asked),
            first=_("%(person)s of %(agency)s is requesting %(access)s.") % {**_asked(asked), "person": str(by)},
            quote=asked.message,
            quote_intro=_("Message from %(person)s:") % {"person": str(by)},
            then=[
                _("You decide: grant access, grant less, or decline. Nothing changes until you choose an option on the linked page.")
                + " "
                + _("The link works until %(date)s, and only for this e-mail address. To confirm it’s you, we’ll send a code there.")
                % {"date": _day(asked.valid_until)}
            ],
            button=_("View request"),
            link=asked.link or "",
            link_first=True,
        ),
        by=by,
    )


def send_request_withdrawn(asked: AccessRequest, *, by: User) -> None:
    """The agency no longer asks."""
    _to_asked(
        "access_request_withdrawn",
        asked,
        lambda: EmailContent(
            subject=_("%(agency)s has withdrawn its access request") % _asked(asked),
            first=_("%(agency)s has withdrawn the request sent on %(date)s. No action is needed.") % _asked(asked),
        ),
        by=by,
    )


def send_request_granted(asked: AccessRequest, *, given: AccessInvitation) -> None:
    """The client said yes; `given` is what the agency has now."""
    _to_asking(
        "access_request_granted",
        asked,
        lambda: EmailContent(
            subject=_("%(customer)s has granted you access") % _asked(asked),
            first=_("%(customer)s has granted your access request of %(date)s. You now have %(granted)s.")
            % {**_asked(asked), "granted": given.access_label},
            button=_("View customer"),
        ),
    )


def send_request_declined(asked: AccessRequest) -> None:
    """The client said no."""
    _to_asking(
        "access_request_declined",
        asked,
        lambda: EmailContent(
            subject=_("%(customer)s has declined your access request") % _asked(asked),
            first=_("%(customer)s has declined your access request of %(date)s (%(access)s).") % _asked(asked),
            button=_("View customer"),
        ),
    )


def send_request_expired(asked: AccessRequest) -> None:
    """Nobody answered in time; both sides are told."""
    _to_asked(
        "access_request_expired",
        asked,
        lambda: EmailContent(
            subject=_("The access request from %(agency)s has expired") % _asked(asked),
            first=_("%(agency)s requested access on %(date)s. The request has expired and no access was given. No action is needed.")
            % _asked(asked),
        ),
        by=None,
    )
    _to_asking(
        "access_request_expired",
        asked,
        lambda: EmailContent(
            subject=_("Your access request to %(customer)s has expired") % _asked(asked),
            first=_(
                "%(customer)s didn’t respond to your access request of %(date)s (%(access)s), so it has expired. You can send a new one."
            )
            % _asked(asked),
            button=_("View customer"),
        ),
    )


# --- How they are written ----------------------------------------------------------------------------------------------


def _to_client(
    kind: str, invitation: AccessInvitation, letter: Callable[[], EmailContent], *, by: User | None, readable: bool = True
) -> None:
    queue_mail(
        kind=kind,
        to=invitation.client.email,
        agency=invitation.agency if readable else None,
        customer=invitation.customer if readable else None,
        from_name=invitation.agency.name,
        reply_to=by.email if by else "",
        **_client_parts(invitation, letter),
    )


def _client_parts(invitation: AccessInvitation, letter: Callable[[], EmailContent]) -> dict[str, Any]:
    with translation.override(invitation.language):
        why = _("You’re receiving this e-mail because you gave, or offered, %(agency)s access in the Partner Portal.") % _access(invitation)
        return _parts(letter(), name=invitation.name, sender=str(invitation.agency), why=why, link=reverse("invitations:access_list"))


def _to_agency(kind: str, invitation: AccessInvitation, letter: Callable[[], EmailContent]) -> None:
    customer = invitation.customer
    to = _contact(invitation.agency, customer.responsible_id if customer else None, invitation.connected_by_id)
    _notify(kind, to, letter, about=invitation, link=invitation.get_absolute_url(), reply_to=invitation.client.email)


def _to_asked(kind: str, asked: AccessRequest, letter: Callable[[], EmailContent], *, by: User | None) -> None:
    agency, customer = asked.agency, asked.customer
    with translation.override(customer.language):
        why = _("You’re receiving this e-mail because %(agency)s works for you.") % _asked(asked)
        parts = _parts(letter(), name=customer.person_name, sender=str(agency), why=why, link="")
    queue_mail(kind=kind, to=asked.email, agency=agency, customer=customer, from_name=agency.name, reply_to=by.email if by else "", **parts)


def _to_asking(kind: str, asked: AccessRequest, letter: Callable[[], EmailContent]) -> None:
    to = _contact(asked.agency, asked.requested_by_id, asked.customer.responsible_id)
    _notify(kind, to, letter, about=asked, link=asked.customer.get_absolute_url(), reply_to=asked.email)


def _notify(
    kind: str, to: User | None, letter: Callable[[], EmailContent], *, about: AccessInvitation | AccessRequest, link: str, reply_to: str
) -> None:
    """To somebody of the agency; nobody is told where nobody works any more."""
    if to is None:
        return
    with translation.override(to.language or about.agency.language):
        why = _("You’re receiving this e-mail because you work for %(agency)s.") % {"agency": about.agency}
        parts = _parts(letter(), name=to.full_name, sender=_("Partner Portal"), why=why, link=link)
    queue_mail(kind=kind, to=to.email, agency=about.agency, customer=about.customer, reply_to=reply_to, **parts)


def _parts(letter: EmailContent, *, name: str, sender: str, why: str, link: str) -> dict[str, Any]:
    """`subject`, `text`, `html` and `language`, in the active language."""
    address = letter.link or (f"{settings.SITE_URL}{link}" if letter.button else "")
    return render_email(letter, name=name, sender=sender, why=why, link=address)


def _contact(agency: Agency, *preferred: int | None) -> User | None:
    """Who of the agency is written to: the first of the preferred who still works there, else the owner who came first.

    Who doesn't want such notices is passed over, as long as somebody wants them; who can't sign in any more gets none.
    """
    working = agency.memberships.filter(user__is_active=True).select_related("user").order_by("created_at", "pk")
    members: dict[int, Membership] = {member.user_id: member for member in working}
    theirs = [members[user_id] for user_id in preferred if user_id in members]
    owners = [member for member in members.values() if member.role == Role.OWNER]
    in_line = [*theirs, *owners, *members.values()]
    wanting = [member for member in in_line if member.is_notified_about(Notification.ACCESS)] or in_line
    return wanting[0].user if wanting else None


def _access(invitation: AccessInvitation) -> dict[str, str]:
    zone = invitation.agency.time_zone
    return {
        "who": invitation.display_name,
        "agency": str(invitation.agency),
        "access": invitation.access_label,
        "date": _day(day_in(zone, invitation.created_at)),
        "since": _day(day_in(zone, invitation.connected_at or invitation.created_at)),
    }


def _asked(asked: AccessRequest) -> dict[str, str]:
    return {
        "agency": str(asked.agency),
        "customer": asked.customer.name_in_text,
        "access": asked.access_label,
        "date": _day(day_in(asked.agency.time_zone, asked.created_at)),
    }


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
