"""The mails of this app, a function each."""

from django.conf import settings
from django.urls import reverse

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_template_mail
from requests_inbox.models import ContactRequest


def send_acknowledgement(request: ContactRequest) -> OutgoingMail:
    """Tell the sender that it arrived, in the page's language.

    It carries nothing that the sender typed, not even the name: a form that mails strangers' words to anybody is a relay for spam.
    """
    profile = request.agency.profile
    return queue_template_mail(
        "contact_acknowledgement",
        {
            "agency": request.agency.name,
            "contact_name": profile.contact_name,
            "profile_url": f"{settings.SITE_URL}{profile.get_absolute_url()}",
        },
        language=request.language,
        agency=request.agency,
        to=request.email,
        from_name=request.agency.name,
        reply_to=profile.contact_email,
        thread=request.thread,
    )


def send_new_request_notification(request: ContactRequest, *, to: Membership) -> OutgoingMail:
    """Tell a member that somebody has written, in their language; an answer to it goes nowhere near the sender."""
    return queue_template_mail(
        "contact_notice",
        {
            "request": request,
            "name": to.user.full_name,
            "link": f"{settings.SITE_URL}{request.get_absolute_url()}",
            "notices": f"{settings.SITE_URL}{reverse('agencies:notifications')}",
        },
        language=to.language,
        agency=request.agency,
        to=to.user.email,
        thread=request.thread,
    )


def send_reply(request: ContactRequest, *, text: str, by: User) -> OutgoingMail:
    """What a member answers, in the language of the request; answers to it go to the member."""
    return queue_template_mail(
        "contact_reply",
        {"agency": request.agency.name, "text": text, "author": by.get_full_name()},
        language=request.language,
        agency=request.agency,
        customer=request.customer,
        to=request.email,
        from_name=f"{by.get_full_name()} · {request.agency.name}",
        reply_to=by.email,
        thread=request.thread,
        written_by_person=True,
    )
