"""Submitting, editing, pinning, commenting, hiding and reporting reviews."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition
from reviews.mails import send_reply_notification, send_report_to_admins
from reviews.models import MAX_PINNED, MAX_REPORTS, Review, ReviewComment, ReviewReport, ReviewRequest
from reviews.services.opt_outs import delete_opt_out
from reviews.services.requests import cancel_queued_email, ensure_not_own_staff, lock_open, withdraw_request


@transaction.atomic
def submit_review(review_request: ReviewRequest, **answers: Any) -> Review:
    """Save the customer's answers (the fields of `Review`) and close the personal link: one review for one request.

    Raises:
        InvalidTransition: it was answered, withdrawn or expired meanwhile.
        ValidationError: the customer's address belongs to the agency's staff.
    """
    locked = lock_open(review_request)
    ensure_not_own_staff(locked.customer)
    review = Review.objects.create(agency=locked.agency, request=locked, **answers)
    locked.status = ReviewRequest.Status.ANSWERED
    locked.save(update_fields=["status"])
    cancel_queued_email(locked)
    record("review.submitted", review, by=None, source=AuditEvent.Source.LINK)
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
        record("review.edited", locked, by=None, source=AuditEvent.Source.LINK)
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
    record("review.withdrawn", locked, by=None, source=AuditEvent.Source.LINK)
    return True


def erase_customer_reviews(customer: Customer, by: User) -> None:
    """A customer is about to be erased: their open links close, unanswered requests go, published reviews lose the name, a “stop” goes.

    Registered with `customers.services.customers.before_erasure`; runs in that transaction.
    """
    for asked in customer.review_requests.pending().select_related("agency", "customer"):
        with suppress(InvalidTransition):  # Answered at this very moment; the review loses its name below.
            withdraw_request(asked, by=by)
    customer.review_requests.exclude(status=ReviewRequest.Status.ANSWERED).delete()
    # The mails' own words greet by name.
    customer.review_requests.update(greeting="", closing="")
    delete_opt_out(customer)
    # A change, a comment or a report of this moment comes before, and goes; or after, and finds nobody any more.
    lock_reviews(customer.agency_id)
    Review.objects.filter(request__customer=customer).update(author="")
    # What was written about them for the admins' eyes only. Review and comment were said in public, and stay.
    ReviewReport.objects.filter(review__request__customer=customer).update(details="", decision="", reinstatement_reason="")


class PinLimitReached(Exception):
    """There are as many pinned reviews as there can be: `pinned`, in their order."""

    def __init__(self, pinned: list[Review]) -> None:
        super().__init__(len(pinned))
        self.pinned = pinned


@transaction.atomic
def pin_review(review: Review, *, by: User, instead_of: Review | None = None) -> bool:
    """Put a review below those that the agency highlights, or in the place of one of them. False if it is one already.

    Raises:
        TooManyPinned: there is no place left.
        ValidationError: the public doesn't see it.
    """
    locked = locked_review(review)
    if locked.pin_position:
        return False
    if not locked.is_public:
        raise ValidationError(_("Only public reviews can be pinned."), "not_public")
    pinned = list(locked.agency.reviews.pinned().select_related("agency", "request__customer", "request__project"))
    if instead_of in pinned:
        order = [locked if other == instead_of else other for other in pinned]
        record("review.unpinned", pinned[order.index(locked)], by=by)
    elif len(pinned) < MAX_PINNED:
        order = [*pinned, locked]
    else:
        raise PinLimitReached(pinned)
    _arrange(locked.agency, order)
    record("review.pinned", locked, by=by)
    return True


@transaction.atomic
def unpin_review(review: Review, *, by: User) -> bool:
    """Put a review back among the others. False if it wasn't pinned."""
    locked = locked_review(review)
    if not remove_from_pins(locked):
        return False
    record("review.unpinned", locked, by=by)
    return True


@transaction.atomic
def move_pin(review: Review, *, up: bool, by: User) -> bool:
    """Let a pinned review change places with the one above (`up`) or below. False if there is none."""
    locked = locked_review(review)
    order = list(locked.agency.reviews.pinned())
    if locked not in order:
        return False
    place = order.index(locked)
    other = place - 1 if up else place + 1
    if other not in range(len(order)):
        return False
    order[place], order[other] = order[other], order[place]
    _arrange(locked.agency, order)
    record("review.moved", locked, by=by)
    return True


@transaction.atomic
def comment_on_review(review: Review, *, text: str, by: User) -> ReviewComment:
    """Reply to a review in public, once and for good; its author is told by mail.

    Raises:
        ValidationError: there is a comment already, or the public doesn't see the review.
    """
    locked = locked_review(review)
    ensure_can_comment(locked)
    comment = ReviewComment.objects.create(agency=locked.agency, review=locked, text=text, written_by=by)
    send_reply_notification(comment, by=by)
    record("review.commented", locked, by=by)
    return comment


def ensure_can_comment(review: Review) -> None:
    """A public review can be commented on once.

    Raises:
        ValidationError: this one can't (any more), in words for the person who would like to.
    """
    if ReviewComment.objects.filter(review=review).exists():
        raise ValidationError(_("This review already has a comment. Each review can have only one."), "commented")
    if not review.is_public:
        raise ValidationError(_("Only public reviews can be commented on."), "not_public")


@transaction.atomic
def hide_review(review: Review, *, reason: str, by: User) -> bool:
    """Take a review's words and author off the profile; its stars stay. False if there is nothing to hide (any more)."""
    locked = locked_review(review)
    if not locked.is_public:
        return False
    remove_from_pins(locked)
    locked.hidden_at, locked.hidden_reason = timezone.now(), reason
    locked.save(update_fields=["hidden_at", "hidden_reason"])
    record("review.hidden", locked, by=by, reason=reason)
    return True


@transaction.atomic
def unhide_review(review: Review, *, by: User) -> bool:
    """Let everybody read a hidden review again. False if it isn't hidden."""
    locked = locked_review(review)
    if locked.hidden_at is None or locked.is_off_profile:
        return False
    locked.hidden_at, locked.hidden_reason = None, ""
    locked.save(update_fields=["hidden_at", "hidden_reason"])
    record("review.unhidden", locked, by=by)
    return True


@transaction.atomic
def report_review(review: Review, *, reason: str, details: str, by: User) -> ReviewReport:
    """Ask the admins, by mail, to remove a review, stars and all. It stays public until they have decided.

    Raises:
        ValidationError: it is reported already, has been too often, or has left the profile.
    """
    locked = locked_review(review)
    ensure_can_report(locked)
    number = locked.reports.count() + 1
    report = ReviewReport.objects.create(agency=locked.agency, review=locked, number=number, reason=reason, details=details, reported_by=by)
    send_report_to_admins(report)
    record("review.reported", locked, by=by, reason=reason)
    return report


def ensure_can_report(review: Review) -> None:
    """A review is reported once at a time and `MOST_REPORTS` times in all.

    Raises:
        ValidationError: this one can't be reported now, in words for the person who would like to.
    """
    reports = list(review.reports.all())
    if review.is_off_profile:
        raise ValidationError(_("This review is no longer on your profile."), "gone")
    if any(report.state == ReviewReport.State.OPEN for report in reports):
        raise ValidationError(_("This review has already been reported and is under review."), "reported")
    if len(reports) >= MAX_REPORTS:
        raise ValidationError(_("This review has been reported three times and can’t be reported again."), "too_often")


def locked_review(review: Review) -> Review:
    """The review as it is now; whoever else works on the agency's reviews waits until this transaction ends."""
    lock_reviews(review.agency_id)
    return Review.objects.select_related("agency", "request__customer", "request__project").get(pk=review.pk)


def lock_reviews(agency_id: int) -> None:
    """Whoever else works on the agency's reviews waits until this transaction ends."""
    Agency.objects.select_for_update(no_key=True).get(pk=agency_id)


def remove_from_pins(review: Review) -> bool:
    """Take a locked review from among the pinned ones, which close up. False if it wasn't one of them."""
    if review.pin_position is None:
        return False
    _arrange(review.agency, [other for other in review.agency.reviews.pinned() if other != review])
    review.pin_position = None
    return True


def _arrange(agency: Agency, order: Iterable[Review]) -> None:
    """Pin these reviews, and no others, in this order."""
    # All places are cleared first: no two reviews may have the same one, not even for a moment.
    agency.reviews.filter(pin_position__isnull=False).update(pin_position=None)
    for place, review in enumerate(order, start=1):
        agency.reviews.filter(pk=review.pk).update(pin_position=place)
