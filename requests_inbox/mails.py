"""E-mails about contact requests."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_letter, queue_letters
from requests_inbox.models import ContactRequest


def send_new_request(request: ContactRequest, *, to: Sequence[Membership]) -> None:
    """Confirm to the sender that the agency received the message, and notify members."""
    queue_letters([_acknowledgement(request), *(_notification(request, to=member) for member in to)])


def _acknowledgement(request: ContactRequest) -> Letter:
    """Return the confirmation for the sender.

    Contains nothing the sender typed, not even the name. Otherwise the form could be used to send spam to any address.
    """
    agency = request.agency
    return Letter(
        kind="contact_acknowledgement",
        to=request.email,
        language=request.language,
        values={"agency": agency.name},
        subject=_("%(agency)s has received your message"),
        intro=_("Thank you for your message to %(agency)s. We’ve received it and will reply by e-mail."),
        more_links=[(_("Find out more about us"), f"{settings.SITE_URL}{agency.profile.get_absolute_url()}")],
        signature=f"{agency.profile.contact_name}\n{agency.name}".strip(),
        footer_reason=_(
            "You’re receiving this e-mail because someone entered your address in the contact form of %(agency)s. "
            "If it wasn’t you, you can ignore it."
        ),
        agency=agency,
        from_name=agency.name,
        reply_to=agency.profile.contact_email,
        thread=request.thread,
        begins_thread=True,
    )


def _notification(request: ContactRequest, *, to: Membership) -> Letter:
    """Return the notification for a member. It has no Reply-To, so that a reply to it never reaches the sender of the request."""
    return Letter(
        kind="contact_notice",
        to=to.user.email,
        language=to.language,
        values={"agency": request.agency, "name": request.name, "company": request.company, "sender": request.display_name},
        subject=_("New request from %(sender)s"),
        name=to.user.full_name,
        intro=_("%(name)s (%(company)s) has contacted you through your partner profile:")
        if request.company
        else _("%(name)s has contacted you through your partner profile:"),
        quote=request.message,
        outro=[_("Reply in the portal so that your whole team can see it.")],
        button=_("View request"),
        link=f"{settings.SITE_URL}{request.get_absolute_url()}",
        footer_reason=_(
            "You’re receiving this e-mail because you’re notified about new requests to %(agency)s. You can turn this off in your account:"
        ),
        footer_link=f"{settings.SITE_URL}{reverse('agencies:notifications')}",
        agency=request.agency,
        to_team=True,
        thread=request.thread,
        begins_thread=True,
    )


def send_reply(request: ContactRequest, *, text: str, by: User) -> OutgoingMail:
    """Send a member’s reply to the sender of the request, whose own reply goes to that member."""
    return queue_letter(
        Letter(
            kind="contact_reply",
            to=request.email,
            language=request.language,
            values={"agency": request.agency.name, "author": by.get_full_name()},
            subject=_("Re: Your message to %(agency)s"),
            heading=_("Your message to %(agency)s"),
            body=text,
            footer_reason=_("You’re receiving this e-mail because you contacted %(agency)s. Your reply goes to %(author)s."),
            agency=request.agency,
            customer=request.customer,
            from_name=f"{by.get_full_name()} · {request.agency.name}",
            reply_to=by.email,
            thread=request.thread,
        )
    )
