"""How this app's audit events read."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register
from reviews.models import Review, ReviewReport

register("review_request.created", _("A review was requested"), icon="star")
register("review_request.mailed", _("The review request was sent by e-mail"), icon="envelope")
register("review_request.withdrawn", _("The review request was withdrawn"), icon="x-mark")
register("review.submitted", _("The customer submitted a review"), icon="star")
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
