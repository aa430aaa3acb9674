"""What happens to review requests and reviews. Each function is one transaction, the audit event included."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer, Project
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from reviews.mails import send_review_request
from reviews.managing.services import leave_pins, locked_review
from reviews.models import Review, ReviewReport, ReviewRequest


class RequestClosed(Exception):
    """The request isn't open any more: `state` says what it is instead."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@transaction.atomic
def request_review(*, customer: Customer, project: Project | None, by: User, by_mail: bool) -> ReviewRequest:
    """Ask `customer` to rate the company, or `project`; mail the personal link if `by_mail`.

    A request that is still open for the same thing is used again, so its link stays the same, and it is mailed once
    only: a second click changes nothing.

    Raises:
        ValidationError: the customer can't be asked, in words for the person who asks.
    """
    # Whoever asks the same customer at the same moment waits here.
    customer = Customer.objects.select_for_update(of=("self",)).select_related("agency").get(pk=customer.pk)
    if customer.status != Customer.Status.ACTIVE:
        raise ValidationError(_("This customer is no longer active and can't be asked."), "not_active")
    refuse_own_staff(customer)
    if by_mail and not customer.email:
        raise ValidationError(_("This customer has no e-mail address. Add one, or create a link instead."), "no_email")
    review_request = _open_request(customer, project, by=by)
    if by_mail and review_request.mailed_at is None:
        review_request.mailed_at = timezone.now()
        review_request.save(update_fields=["mailed_at"])
        send_review_request(review_request, by=by)
        _record("review_request.mailed", review_request, by=by)
    return review_request


def refuse_own_staff(customer: Customer) -> None:
    """Nobody reviews an agency from an address of its own staff.

    Raises:
        ValidationError: this customer's address is one.
    """
    if customer.agency.has_staff_address(customer.email):
        raise ValidationError(
            _("This customer's e-mail address belongs to your own team. Your own team can't review your agency."), "own_staff"
        )


@transaction.atomic
def withdraw_request(review_request: ReviewRequest, *, by: User) -> None:
    """Close the personal link.

    Raises:
        RequestClosed: it isn't open any more.
    """
    locked = _lock_open(review_request)
    locked.status = ReviewRequest.Status.WITHDRAWN
    locked.save(update_fields=["status"])
    _record("review_request.withdrawn", locked, by=by)


@transaction.atomic
def submit_review(review_request: ReviewRequest, **answers: Any) -> Review:
    """Save the customer's answers (the fields of `Review`) and close the personal link: one review for one request.

    Raises:
        RequestClosed: it was answered, withdrawn or expired meanwhile.
        ValidationError: the customer's address belongs to the agency's staff.
    """
    locked = _lock_open(review_request)
    refuse_own_staff(locked.customer)
    review = Review.objects.create(agency=locked.agency, request=locked, **answers)
    locked.status = ReviewRequest.Status.ANSWERED
    locked.save(update_fields=["status"])
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
    leave_pins(locked)
    locked.withdrawn_at = timezone.now()
    locked.text = locked.author = ""
    locked.save(update_fields=["withdrawn_at", "text", "author"])
    locked.reports.filter(state=ReviewReport.State.OPEN).update(state=ReviewReport.State.SETTLED, decided_at=locked.withdrawn_at)
    _record_by_author("review.withdrawn", locked)
    return True


def forget_customer(customer: Customer, by: User) -> None:
    """A customer is about to be erased: their open links close, unanswered requests go, published reviews lose the name.

    Registered with `customers.services.before_erasure`; runs in that transaction.
    """
    for asked in customer.review_requests.open().select_related("agency", "customer"):
        with suppress(RequestClosed):  # Answered at this very moment; the review loses its name below.
            withdraw_request(asked, by=by)
    customer.review_requests.exclude(status=ReviewRequest.Status.ANSWERED).delete()
    customer.review_requests.update(greeting="", closing="")
    Review.objects.filter(request__customer=customer).update(author="")
    # What was written about them for the admins' eyes only. Review and comment were said in public, and stay.
    ReviewReport.objects.filter(review__request__customer=customer).update(details="", decision="", reinstated_for="")


def _open_request(customer: Customer, project: Project | None, *, by: User) -> ReviewRequest:
    same = ReviewRequest.objects.filter(customer=customer, project=project, status=ReviewRequest.Status.OPEN)
    same.filter(expires_at__lte=timezone.now()).update(status=ReviewRequest.Status.EXPIRED)
    existing = same.first()
    if existing and existing.link:
        return existing
    # A link that no known key can make again is as good as withdrawn.
    same.update(status=ReviewRequest.Status.WITHDRAWN)
    created = ReviewRequest.objects.create(agency=customer.agency, customer=customer, project=project, requested_by=by)
    _record("review_request.created", created, by=by)
    return created


def _lock_open(review_request: ReviewRequest) -> ReviewRequest:
    locked = ReviewRequest.objects.select_for_update(of=("self",)).select_related("agency", "customer__agency").get(pk=review_request.pk)
    if locked.state != ReviewRequest.Status.OPEN:
        raise RequestClosed(locked.state)
    return locked


def _record(action: str, review_request: ReviewRequest, *, by: User) -> None:
    record(
        action,
        on=review_request,
        label=review_request.customer.reference,
        agency=review_request.agency,
        by=by,
        customer=review_request.customer,
    )


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
