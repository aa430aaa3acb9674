"""What happens to reviews. Each function is one transaction, the audit event included."""

from contextlib import suppress
from typing import Any

from django.db import transaction
from django.utils import timezone

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from reviews.models import Review, ReviewReport, ReviewRequest
from reviews.requests.opt_out import delete_opt_out
from reviews.requests.services import RequestClosed, cancel_queued_email, ensure_not_own_staff, lock_open, withdraw_request
from reviews.staff.services import lock_reviews, locked_review, remove_from_pins


@transaction.atomic
def submit_review(review_request: ReviewRequest, **answers: Any) -> Review:
    """Save the customer's answers (the fields of `Review`) and close the personal link: one review for one request.

    Raises:
        RequestClosed: it was answered, withdrawn or expired meanwhile.
        ValidationError: the customer's address belongs to the agency's staff.
    """
    locked = lock_open(review_request)
    ensure_not_own_staff(locked.customer)
    review = Review.objects.create(agency=locked.agency, request=locked, **answers)
    locked.status = ReviewRequest.Status.ANSWERED
    locked.save(update_fields=["status"])
    cancel_queued_email(locked)
    _record_by_author("review.submitted", review)
    return review


class NotEditable(Exception):
    """The time to change the review is over, or it has left the profile."""


@transaction.atomic
def edit_review(review: Review, **answers: Any) -> Review:
    """Save what its author changed; marked as edited where anything is different. What the agency commented stays.

    Raises:
        NotEditable: it is too late.
    """
    locked = locked_review(review)
    if not locked.is_editable:
        raise NotEditable
    changed = [name for name, value in answers.items() if getattr(locked, name) != value]
    if changed:
        for name in changed:
            setattr(locked, name, answers[name])
        locked.edited_at = timezone.now()
        locked.save(update_fields=[*changed, "edited_at"])
        _record_by_author("review.edited", locked)
    return locked


@transaction.atomic
def withdraw_review(review: Review) -> bool:
    """Its author takes a review back, for good: words, name and stars leave the profile. False if they did before.

    A report of it that nobody has decided needs no decision any more.
    """
    locked = locked_review(review)
    if locked.withdrawn_at:
        return False
    remove_from_pins(locked)
    locked.withdrawn_at = timezone.now()
    locked.text = locked.author = ""
    locked.save(update_fields=["withdrawn_at", "text", "author"])
    locked.reports.filter(state=ReviewReport.State.OPEN).update(state=ReviewReport.State.SETTLED, decided_at=locked.withdrawn_at)
    _record_by_author("review.withdrawn", locked)
    return True


def erase_customer_reviews(customer: Customer, by: User) -> None:
    """A customer is about to be erased: their open links close, unanswered requests go, published reviews lose the name, a “stop” goes.

    Registered with `customers.services.before_erasure`; runs in that transaction.
    """
    for asked in customer.review_requests.open().select_related("agency", "customer"):
        with suppress(RequestClosed):  # Answered at this very moment; the review loses its name below.
            withdraw_request(asked, by=by)
    customer.review_requests.exclude(status=ReviewRequest.Status.ANSWERED).delete()
    # The mails' own words greet by name.
    customer.review_requests.update(greeting="", closing="")
    delete_opt_out(customer)
    # A change, a comment or a report of this moment comes before, and goes; or after, and finds nobody any more.
    lock_reviews(customer.agency_id)
    Review.objects.filter(request__customer=customer).update(author="")
    # What was written about them for the admins' eyes only. Review and comment were said in public, and stay.
    ReviewReport.objects.filter(review__request__customer=customer).update(details="", decision="", reinstated_for="")


def _record_by_author(action: str, review: Review) -> None:
    customer = review.request.customer
    record(
        action,
        on=review,
        label=customer.reference,
        agency=review.agency,
        by=None,
        customer=customer,
        source=AuditEvent.Source.LINK,
    )
