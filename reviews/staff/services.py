"""What an agency does with its reviews. Each function is one transaction, the audit event included.

All of them, and what admins and authors do to a review, first lock the agency's row: one after the other, so that five pins stay
five and nothing is pinned and hidden at the same moment. New reviews come in regardless.
"""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.audit.services import record
from reviews.models import MAX_PINNED, MAX_REPORTS, Review, ReviewComment, ReviewReport
from reviews.staff.mails import send_reply_notification, send_report_to_admins


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
    if locked.pin:
        return False
    if not locked.is_public:
        raise ValidationError(_("Only public reviews can be pinned."), "not_public")
    pinned = list(locked.agency.reviews.pinned().select_related("agency", "request__customer", "request__project"))
    if instead_of in pinned:
        order = [locked if other == instead_of else other for other in pinned]
        _record("review.unpinned", pinned[order.index(locked)], by=by)
    elif len(pinned) < MAX_PINNED:
        order = [*pinned, locked]
    else:
        raise PinLimitReached(pinned)
    _arrange(locked.agency, order)
    _record("review.pinned", locked, by=by)
    return True


@transaction.atomic
def unpin_review(review: Review, *, by: User) -> bool:
    """Put a review back among the others. False if it wasn't pinned."""
    locked = locked_review(review)
    if not remove_from_pins(locked):
        return False
    _record("review.unpinned", locked, by=by)
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
    _record("review.moved", locked, by=by)
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
    _record("review.commented", locked, by=by)
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
    locked.hidden_at, locked.hidden_for = timezone.now(), reason
    locked.save(update_fields=["hidden_at", "hidden_for"])
    _record("review.hidden", locked, by=by, reason=reason)
    return True


@transaction.atomic
def unhide_review(review: Review, *, by: User) -> bool:
    """Let everybody read a hidden review again. False if it isn't hidden."""
    locked = locked_review(review)
    if locked.hidden_at is None or locked.is_gone:
        return False
    locked.hidden_at, locked.hidden_for = None, ""
    locked.save(update_fields=["hidden_at", "hidden_for"])
    _record("review.unhidden", locked, by=by)
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
    _record("review.reported", locked, by=by, reason=reason)
    return report


def ensure_can_report(review: Review) -> None:
    """A review is reported once at a time and `MOST_REPORTS` times in all.

    Raises:
        ValidationError: this one can't be reported now, in words for the person who would like to.
    """
    reports = list(review.reports.all())
    if review.is_gone:
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
    if review.pin is None:
        return False
    _arrange(review.agency, [other for other in review.agency.reviews.pinned() if other != review])
    review.pin = None
    return True


def _arrange(agency: Agency, order: Iterable[Review]) -> None:
    """Pin these reviews, and no others, in this order."""
    # All places are cleared first: no two reviews may have the same one, not even for a moment.
    agency.reviews.filter(pin__isnull=False).update(pin=None)
    for place, review in enumerate(order, start=1):
        agency.reviews.filter(pk=review.pk).update(pin=place)


def _record(action: str, review: Review, *, by: User, **data: str) -> None:
    customer = review.request.customer
    record(action, on=review, label=customer.reference, agency=review.agency, by=by, customer=customer, **data)
