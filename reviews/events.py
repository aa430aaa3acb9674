"""How this app's audit events read."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register
from reviews.models import Review, ReviewReport

register("review_request.created", _("A review was requested"), icon="star")
register("review_request.created_anyway", _("A review was requested again so soon, on purpose (“Ask anyway”)"), icon="star")
register("review_request.mailed", _("The review request was sent by e-mail"), icon="envelope")
register("review_request.resent", _("The review request was sent once more"), icon="envelope")
register("review_request.reminded", _("A reminder of the review request was sent"), icon="bell")
register("review_request.undeliverable", _("The review request could not be delivered"), icon="exclamation-triangle")
register("review_request.replaced", _("The review link was replaced by a new one"), icon="link")
register("review_request.withdrawn", _("The review request was withdrawn"), icon="x-mark")
register("review.submitted", _("The customer submitted a review"), icon="star")
register("review_mails.stopped", _("The customer wants no more review mails"), icon="bell-slash")
register("review_mails.allowed", _("The customer takes review mails again"), icon="bell")
register("review.edited", _("The customer changed the review"), icon="pencil-square")
register("review.withdrawn", _("The customer withdrew the review"), icon="x-mark")
register("review.pinned", _("The review was pinned to the top of the profile"), icon="bookmark")
register("review.unpinned", _("The review was unpinned"), icon="bookmark")
register("review.moved", _("The order of the pinned reviews was changed"), icon="arrows-up-down")
register("review.commented", _("The review was commented on"), icon="chat-bubble-left")


def _hidden_for(data: dict[str, Any]) -> dict[str, Any]:
    return {"reason": Review.HiddenFor(data["reason"]).label}


def _reported_for(data: dict[str, Any]) -> dict[str, Any]:
    return {"reason": ReviewReport.Reason(data["reason"]).label}


register("review.hidden", _("The review was hidden: %(reason)s"), icon="eye-slash", values=_hidden_for)
register("review.unhidden", _("The review is shown again"), icon="eye")
register("review.reported", _("The review was reported: %(reason)s"), icon="flag", values=_reported_for)
register("review.report_upheld", _("The report was upheld; the review left the profile"), icon="shield-check")
register("review.report_dismissed", _("The report was dismissed; the review stays"), icon="shield-check")
register("review.reinstated", _("The review was reinstated"), icon="arrow-uturn-left")
register("rating_summary.repaired", _("The rating was counted anew and put right"), icon="wrench")
