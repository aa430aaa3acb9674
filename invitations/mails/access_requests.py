"""E-mails about access requests: every transition notifies the other party in its language."""

from dataclasses import replace

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from invitations.mails.invitations import end_sentences
from invitations.mails.recipients import send_to_member
from invitations.models import AccessInvitation, AccessRequest
from partnerportal.accounts.models import User
from partnerportal.core.pending import day_in
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.services import queue_letter


def send_access_request(access_request: AccessRequest, *, by: User) -> None:
    """Send the client the personal link to an access request, with what the agency needs."""
    needs = list(access_request.needs.order_by("pk").values_list("name", flat=True))
    intro = _("%(person)s of %(agency)s is requesting %(access)s.")
    letter = Letter(
        kind="access_request",
        subject=_("%(agency)s is requesting access"),
        intro=format_lazy("{} {}", intro, _("They need access to: %(needs)s.")) if needs else intro,
        quote=access_request.message,
        quote_label=_("Message from %(person)s:"),
        outro=[
            format_lazy(
                "{} {}",
                _("You decide: grant access, grant less, or decline. Nothing changes until you choose an option on the linked page."),
                _("The link works until %(date)s, and only for this e-mail address. To confirm it’s you, we’ll send a code there."),
            )
        ],
        button=_("View request"),
        link=access_request.link or "",
        link_first=True,
        values={"person": str(by), "date": access_request.valid_until, "needs": ", ".join(needs)},
    )
    _send_to_client(access_request, letter, by=by)


def send_request_withdrawn(access_request: AccessRequest, *, by: User) -> None:
    """Notify the client that the agency withdrew the access request."""
    letter = Letter(
        kind="access_request_withdrawn",
        subject=_("%(agency)s has withdrawn its access request"),
        intro=_("%(agency)s has withdrawn the request sent on %(date)s. No action is needed."),
    )
    _send_to_client(access_request, letter, by=by)


def send_request_granted(access_request: AccessRequest, *, given: AccessInvitation) -> None:
    """Notify the agency that the client granted the access request; `given` is the resulting access."""
    letter = Letter(
        kind="access_request_granted",
        subject=_("%(customer)s has granted you access"),
        intro=_("%(customer)s has granted your access request of %(date)s. You now have %(granted)s."),
        button=_("View customer"),
        outro=end_sentences(given),
        values={"granted": lambda: given.access_label, "end": given.ends_on, "project": lambda: str(given.project or "")},
    )
    _send_to_agency(access_request, letter, about=given)


def send_request_declined(access_request: AccessRequest) -> None:
    """Notify the agency that the client declined the access request."""
    letter = Letter(
        kind="access_request_declined",
        subject=_("%(customer)s has declined your access request"),
        intro=_("%(customer)s has declined your access request of %(date)s (%(access)s)."),
        button=_("View customer"),
    )
    _send_to_agency(access_request, letter, about=access_request)


def send_request_expired(access_request: AccessRequest) -> None:
    """Notify both parties that the access request expired without an answer."""
    to_client = Letter(
        kind="access_request_expired",
        subject=_("The access request from %(agency)s has expired"),
        intro=_("%(agency)s requested access on %(date)s. The request has expired and no access was given. No action is needed."),
    )
    _send_to_client(access_request, to_client)
    to_agency = Letter(
        kind="access_request_expired",
        subject=_("Your access request to %(customer)s has expired"),
        intro=_("%(customer)s didn’t respond to your access request of %(date)s (%(access)s), so it has expired. You can send a new one."),
        button=_("View customer"),
    )
    _send_to_agency(access_request, to_agency, about=access_request)


def _send_to_client(access_request: AccessRequest, letter: Letter, *, by: User | None = None) -> None:
    agency, customer = access_request.agency, access_request.customer
    # None if the address isn't, or no longer, that of a contact.
    contact = customer.contacts.with_address(access_request.email).in_order().first()
    queue_letter(
        replace(
            letter,
            to=access_request.email,
            language=(contact or customer).language,
            values={**_values(access_request), **letter.values},
            name=contact.person_name if contact else "",
            signature=f"{by}\n{agency}" if by else str(agency),
            footer_reason=_("You’re receiving this e-mail because %(agency)s works for you."),
            agency=agency,
            customer=customer,
            from_name=agency.name,
            reply_to=by.email if by else "",
        )
    )


def _send_to_agency(access_request: AccessRequest, letter: Letter, *, about: AccessInvitation | AccessRequest) -> None:
    customer = access_request.customer
    letter = replace(
        letter,
        values={**_values(access_request), **letter.values},
        link=f"{settings.SITE_URL}{customer.get_absolute_url()}",
        customer=customer,
        reply_to=access_request.email,
    )
    send_to_member(letter, access_request.agency, access_request.requested_by_id, customer.responsible_id, about=about)


def _values(access_request: AccessRequest) -> dict[str, object]:
    return {
        "agency": str(access_request.agency),
        "customer": lambda: access_request.customer.name_in_text,
        "access": lambda: access_request.access_label,
        "date": day_in(access_request.agency.time_zone, access_request.created_at),
    }
