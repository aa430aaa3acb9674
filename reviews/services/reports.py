"""Decisions of portal administrators on reported reviews. Each takes effect once, also if repeated or concurrent."""

from django.db import transaction
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from reviews.mails import send_decision_to_agency, send_decision_to_author
from reviews.models import ReviewReport
from reviews.services.reviews import delete_drafts, locked_review, remove_from_pins


@transaction.atomic
def uphold_report(report: ReviewReport, *, reason: str, by: User) -> bool:
    """Remove the review with its stars and notify both sides. Return False if the report was decided already."""
    decided = _decide(report, ReviewReport.State.UPHELD, reason, by=by)
    if decided is None:
        return False
    review = decided.review
    remove_from_pins(review)
    review.removed_at = decided.decided_at
    review.save(update_fields=["removed_at"])
    delete_drafts(review=review)
    send_decision_to_agency(decided, by=by)
    send_decision_to_author(decided, by=by)
    return True


@transaction.atomic
def dismiss_report(report: ReviewReport, *, reason: str, by: User) -> bool:
    """Keep the review and notify the agency. Return False if the report was decided already."""
    decided = _decide(report, ReviewReport.State.DISMISSED, reason, by=by)
    if decided is None:
        return False
    send_decision_to_agency(decided, by=by)
    return True


@transaction.atomic
def reinstate_review(report: ReviewReport, *, reason: str, by: User) -> bool:
    """Restore a removed review and notify both sides. Return False if it isn't removed by this report."""
    locked = _locked(report)
    review = locked.review
    if locked.state != ReviewReport.State.UPHELD or review.withdrawn_at:
        return False
    locked.state, locked.reinstated_at, locked.reinstatement_reason = ReviewReport.State.REINSTATED, timezone.now(), reason
    locked.save(update_fields=["state", "reinstated_at", "reinstatement_reason"])
    review.removed_at = None
    review.save(update_fields=["removed_at"])
    record("review.reinstated", review, by=by)
    send_decision_to_agency(locked, by=by)
    send_decision_to_author(locked, by=by)
    return True


def _decide(report: ReviewReport, state: str, reason: str, *, by: User) -> ReviewReport | None:
    """Store the decision and return the locked report; None if it was decided already."""
    locked = _locked(report)
    if locked.state != ReviewReport.State.OPEN:
        return None
    locked.state, locked.decision, locked.decided_at = state, reason, timezone.now()
    locked.save(update_fields=["state", "decision", "decided_at"])
    record(f"review.report_{state}", locked.review, by=by)
    return locked


def _locked(report: ReviewReport) -> ReviewReport:
    """Return the stored report with its review, after locking the agency's reviews."""
    review = locked_review(report.review)
    locked = ReviewReport.objects.select_related("reported_by").get(pk=report.pk)
    locked.review, locked.agency = review, review.agency
    return locked
