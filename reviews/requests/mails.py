"""The mails that ask for a review, a function each, and how one looks before it is sent."""

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.core.validity import day_in
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_template_mail
from reviews import tokens
from reviews.models import ReviewRequest

#: Names of their templates; whoever says stop gets none of these.
REVIEW_EMAIL_KINDS = ("review_request", "review_reminder")


def send_review_request(review_request: ReviewRequest, *, by: User) -> OutgoingMail:
    """Ask the customer for a review, with the personal link, in the customer's language; answers go to `by`."""
    return _send("review_request", review_request, by=by)


def send_reminder(review_request: ReviewRequest) -> OutgoingMail:
    """Ask once more, with the same words around it; answers go to whoever asked, or, if they have left, to who is there longest."""
    team = list(review_request.agency.members.filter(is_active=True).order_by("memberships__created_at", "pk"))
    asker = review_request.requested_by
    return _send("review_reminder", review_request, by=asker if asker in team else next(iter(team), None))


def preview_review_request(review_request: ReviewRequest, *, by: User) -> dict[str, str]:
    """`subject`, and how the mail looks as `html` for a page, in the customer's language; of a request that need not be saved yet."""
    with translation.override(review_request.customer.language):
        context = mail_context(review_request, by=by, link="https://…/r/…/")
        return {
            "subject": render_to_string("email/review_request/subject.txt", context).strip(),
            "html": render_to_string("reviews/includes/_mail_preview.html", context),
        }


@dataclass(frozen=True)
class DefaultTexts:
    """What a mail begins and ends with, unless somebody wrote something else, in the customer's language."""

    greeting: str
    closing: str


def default_texts(review_request: ReviewRequest, *, by: User | None) -> DefaultTexts:
    """For this request, sent by this person."""
    customer, agency = review_request.customer, review_request.agency.name
    with translation.override(customer.language):
        name = customer.person_name
        greeting = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
        signature = [str(by), agency] if by else [agency]
        return DefaultTexts(greeting, "\n".join([_("Thank you and kind regards,"), *signature]))


def mail_context(review_request: ReviewRequest, *, by: User | None, link: str) -> dict[str, object]:
    """What the templates of a mail, and of the page that shows it beforehand, are filled with."""
    customer, usual = review_request.customer, default_texts(review_request, by=by)
    return {
        "agency": review_request.agency.name,
        "greeting": review_request.greeting or usual.greeting,
        "closing": review_request.closing or usual.closing,
        "subject_label": review_request.subject_label,
        "is_project": review_request.is_project,
        "link": link,
        "asked_at": review_request.mailed_at and day_in(review_request.agency.time_zone, review_request.mailed_at),
        "valid_until": review_request.valid_until,
        "reply_to_name": str(by or review_request.agency),
        "stop_link": opt_out_link(review_request),
        "language": customer.language,
    }


def opt_out_link(review_request: ReviewRequest) -> str:
    """The address at which the customer says that they want no more of these mails."""
    customer = review_request.customer
    token = tokens.opt_out_token(customer.pk, customer.email)
    return f"{settings.SITE_URL}{reverse('reviews:stop', args=[token])}"


def _send(name: str, review_request: ReviewRequest, *, by: User | None) -> OutgoingMail:
    customer = review_request.customer
    with translation.override(customer.language):
        context = mail_context(review_request, by=by, link=review_request.link or "")
    return queue_template_mail(
        name,
        context,
        language=customer.language,
        agency=review_request.agency,
        customer=customer,
        to=customer.email,
        from_name=review_request.agency.name,
        reply_to=by.email if by else "",
        # RFC 8058: the mail program's own “unsubscribe”, in one click.
        headers={"List-Unsubscribe": f"<{context['stop_link']}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
