"""The mails of this app, a function each."""

from django.utils import translation

from partnerportal.accounts.models import User
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_template_mail, render_mail
from reviews.models import ReviewRequest


def send_review_request(review_request: ReviewRequest, *, by: User) -> OutgoingMail:
    """Ask the customer for a review, with the personal link, in the customer's language; answers go to `by`."""
    customer = review_request.customer
    return queue_template_mail(
        "review_request",
        _context(review_request, link=review_request.link or "", by=by),
        language=customer.language,
        agency=review_request.agency,
        customer=customer,
        to=customer.email,
        from_name=review_request.agency.name,
        reply_to=by.email,
    )


def preview_review_request(review_request: ReviewRequest, *, by: User) -> dict[str, str]:
    """`subject`, `text` and `html` as the customer would get them; of a request that need not be saved yet."""
    with translation.override(review_request.customer.language):
        return render_mail("review_request", _context(review_request, link="https://…/r/…/", by=by))


def _context(review_request: ReviewRequest, *, link: str, by: User) -> dict[str, object]:
    return {
        "agency": review_request.agency.name,
        "customer_name": review_request.customer.person_name,
        "subject_label": review_request.subject_label,
        "is_project": review_request.is_project,
        "link": link,
        "expires_at": review_request.expires_at,
        "reply_to_name": str(by),
    }
