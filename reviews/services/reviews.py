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
from partnerportal.agencies.queries import all_members
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.versions import EditConflict
from reviews.mails import send_new_review, send_reply_notification, send_report_to_admins
from reviews.models import MAX_PINNED, MAX_REPORTS, Review, ReviewComment, ReviewReplyDraft, ReviewReport, ReviewRequest
from reviews.services.opt_outs import delete_opt_out
from reviews.services.requests import cancel_queued_email, ensure_not_own_staff, lock_open, withdraw_request


@transaction.atomic
def submit_review(review_request: ReviewRequest, **answers: Any) -> Review:
    """Save the customer's answers (fields of `Review`) and close the request.

    Raises:
        InvalidTransition: The request has been answered or withdrawn, or has expired.
        ValidationError: The customer's address belongs to the agency's staff.
    """
    locked = lock_open(review_request)
    members = all_members(locked.agency)
    ensure_not_own_staff(locked.recipient, members=members)
    review = Review.objects.create(agency=locked.agency, request=locked, **answers)
    locked.status = ReviewRequest.Status.ANSWERED
    locked.answered_at = review.created_at
    locked.save(update_fields=["status", "answered_at"])
    cancel_queued_email(locked)
    record("review.submitted", review, by=None, source=AuditEvent.Source.LINK)
    # Digests find reviews by their date.
    notified = [member for member in members if member.user.is_active and member.is_notified_about(*review.notification_kinds)]
    if notified:
        send_new_review(review, to=notified)
    return review


class NotEditable(Exception):
    """The editing period is over, or the review is no longer on the profile."""


@transaction.atomic
def edit_review(review: Review, **answers: Any) -> Review:
    """Save the author's changes and mark the review as edited if anything differs.

    Raises:
        NotEditable: The editing period is over, or the review is no longer on the profile.
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
    """Permanently remove an author's review and settle its open report. Return False if it was withdrawn already."""
    locked = locked_review(review)
    if locked.withdrawn_at:
        return False
    remove_from_pins(locked)
    locked.withdrawn_at = timezone.now()
    locked.text = locked.author = ""
    locked.save(update_fields=["withdrawn_at", "text", "author"])
    delete_drafts(review=locked)
    locked.reports.filter(state=ReviewReport.State.OPEN).update(state=ReviewReport.State.SETTLED, decided_at=locked.withdrawn_at)
    record("review.withdrawn", locked, by=None, source=AuditEvent.Source.LINK)
    return True


def erase_customer_reviews(customer: Customer, by: User) -> None:
    """Erase the customer's personal data from requests, reviews, reports, draft replies and opt-outs.

    Registered as an erasure hook; runs in the transaction of the erasure.
    """
    for review_request in customer.review_requests.pending().select_related("agency", "customer"):
        with suppress(InvalidTransition):  # Answered concurrently; the author is cleared below.
            withdraw_request(review_request, by=by)
    customer.review_requests.exclude(status=ReviewRequest.Status.ANSWERED).delete()
    # The greeting contains the customer's name.
    customer.review_requests.update(greeting="", closing="")
    delete_opt_out(customer)
    # Concurrent edits, comments and reports are either erased here or find no author.
    lock_reviews(customer.agency_id)
    Review.objects.filter(request__customer=customer).update(author="")
    delete_drafts(review__request__customer=customer)
    # Text for administrators only. Reviews and comments are public and stay.
    ReviewReport.objects.filter(review__request__customer=customer).update(details="", decision="", reinstatement_reason="")


class PinLimitReached(Exception):
    """The maximum number of reviews is pinned; `pinned` contains them in order."""

    def __init__(self, pinned: list[Review]) -> None:
        super().__init__(len(pinned))
        self.pinned = pinned


@transaction.atomic
def pin_review(review: Review, *, by: User, instead_of: Review | None = None) -> bool:
    """Pin a review last, or in place of `instead_of`. Return False if it is pinned already.

    Raises:
        PinLimitReached: The maximum number of reviews is pinned.
        ValidationError: The review isn't public.
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
    """Unpin a review. Return False if it isn't pinned."""
    locked = locked_review(review)
    if not remove_from_pins(locked):
        return False
    record("review.unpinned", locked, by=by)
    return True


@transaction.atomic
def move_pin(review: Review, *, up: bool, by: User) -> bool:
    """Move a pinned review one position up or down. Return False if it isn't pinned or is already first or last."""
    locked = locked_review(review)
    order = list(locked.agency.reviews.pinned())
    if locked not in order:
        return False
    index = order.index(locked)
    other = index - 1 if up else index + 1
    if other not in range(len(order)):
        return False
    order[index], order[other] = order[other], order[index]
    _arrange(locked.agency, order)
    record("review.moved", locked, by=by)
    return True


@transaction.atomic
def comment_on_review(review: Review, *, text: str, by: User, loaded: str | None = None) -> ReviewComment:
    """Publish the only comment on a review, delete its draft and notify the author.

    `loaded` is the text of the draft that the user saw, or empty without one. By default, the draft isn't compared.

    Raises:
        EditConflict: The draft differs from `loaded`.
        ValidationError: The review already has a comment or isn't public.
    """
    locked = locked_review(review)
    ensure_can_comment(locked)
    draft = _locked_draft(locked, loaded)
    if draft:
        draft.delete()
    comment = ReviewComment.objects.create(agency=locked.agency, review=locked, text=text, written_by=by)
    send_reply_notification(comment, by=by)
    record("review.commented", locked, by=by)
    return comment


@transaction.atomic
def save_reply_draft(review: Review, *, text: str, loaded: str, by: User) -> bool:
    """Save the draft of a comment, or delete it if the `text` is empty. Return False if nothing changes.

    `loaded` is the text of the draft that the user saw, or empty without one.

    Raises:
        EditConflict: The draft differs from `loaded`.
        ValidationError: The review already has a comment or isn't public.
    """
    locked = locked_review(review)
    ensure_can_comment(locked)
    draft = _locked_draft(locked, loaded)
    if text == (draft.text if draft else ""):
        return False
    if text:
        ReviewReplyDraft.objects.update_or_create({"agency": locked.agency, "text": text, "saved_by": by}, review=locked)
    elif draft:
        draft.delete()
    record("review.reply_drafted" if text else "review.reply_draft_deleted", locked, by=by)
    return True


def _locked_draft(review: Review, loaded: str | None) -> ReviewReplyDraft | None:
    """Return the draft of a locked review. Raise EditConflict if it differs from `loaded`."""
    draft = ReviewReplyDraft.objects.filter(review=review).first()
    if loaded is not None and loaded != (draft.text if draft else ""):
        raise EditConflict(review)
    return draft


def delete_drafts(**reviews: Any) -> None:
    """Delete the drafts of comments on these locked reviews."""
    ReviewReplyDraft.objects.filter(**reviews).delete()


def ensure_can_comment(review: Review) -> None:
    """Raise ValidationError if the review already has a comment or isn't public."""
    if ReviewComment.objects.filter(review=review).exists():
        raise ValidationError(_("This review already has a comment. Each review can have only one."), "commented")
    if not review.is_public:
        raise ValidationError(_("Only public reviews can be commented on."), "not_public")


@transaction.atomic
def hide_review(review: Review, *, reason: str, by: User) -> bool:
    """Hide a review's text and author; its stars still count. Return False if it isn't public."""
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
    """Show a hidden review again. Return False if it isn't hidden or is no longer on the profile."""
    locked = locked_review(review)
    if locked.hidden_at is None or locked.is_off_profile:
        return False
    locked.hidden_at, locked.hidden_reason = None, ""
    locked.save(update_fields=["hidden_at", "hidden_reason"])
    record("review.unhidden", locked, by=by)
    return True


@transaction.atomic
def report_review(review: Review, *, reason: str, details: str, by: User) -> ReviewReport:
    """Report a review to the portal administrators and notify them. It stays public until they decide.

    Raises:
        ValidationError: The review can't be reported (see `ensure_can_report`).
    """
    locked = locked_review(review)
    ensure_can_report(locked)
    number = locked.reports.count() + 1
    report = ReviewReport.objects.create(agency=locked.agency, review=locked, number=number, reason=reason, details=details, reported_by=by)
    send_report_to_admins(report)
    record("review.reported", locked, by=by, reason=reason)
    return report


def ensure_can_report(review: Review) -> None:
    """Raise ValidationError if the review is off the profile, has an open report or `MAX_REPORTS` reports."""
    reports = list(review.reports.all())
    if review.is_off_profile:
        raise ValidationError(_("This review is no longer on your profile."), "gone")
    if any(report.state == ReviewReport.State.OPEN for report in reports):
        raise ValidationError(_("This review has already been reported and is under review."), "reported")
    if len(reports) >= MAX_REPORTS:
        raise ValidationError(_("This review has been reported three times and can’t be reported again."), "too_often")


def locked_review(review: Review) -> Review:
    """Return the stored review after locking the agency's reviews."""
    lock_reviews(review.agency_id)
    return Review.objects.select_related("agency", "request__customer", "request__project").get(pk=review.pk)


def lock_reviews(agency_id: int) -> None:
    """Serialise actions on the agency's reviews until the transaction ends."""
    Agency.objects.select_for_update(no_key=True).get(pk=agency_id)


def remove_from_pins(review: Review) -> bool:
    """Unpin a locked review and close the gap. Return False if it isn't pinned."""
    if review.pin_position is None:
        return False
    _arrange(review.agency, [other for other in review.agency.reviews.pinned() if other != review])
    review.pin_position = None
    return True


def _arrange(agency: Agency, order: Iterable[Review]) -> None:
    """Pin exactly these reviews in this order."""
    # Clears all positions first, because the unique constraint is checked after each update.
    agency.reviews.filter(pin_position__isnull=False).update(pin_position=None)
    for position, review in enumerate(order, start=1):
        agency.reviews.filter(pk=review.pk).update(pin_position=position)
