"""How this app's audit events read."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register
from reviews.models import Review, ReviewReport

register("review_request.created", _("Review requested"), icon="star")
register("review_request.created_anyway", _("Review requested again early (“Request anyway”)"), icon="star")
register("review_request.mailed", _("Review request sent by e-mail"), icon="envelope")
register("review_request.resent", _("Review request resent"), icon="envelope")
register("review_request.reminded", _("Review reminder sent"), icon="bell")
register("review_request.undeliverable", _("Review request could not be delivered"), icon="exclamation-triangle")
register("review_request.replaced", _("Review link replaced"), icon="link")
register("review_request.withdrawn", _("Review request withdrawn"), icon="x-mark")
register("review.submitted", _("Customer submitted a review"), icon="star")
register("review_mails.stopped", _("Customer opted out of review e-mails"), icon="bell-slash")
register("review_mails.allowed", _("Customer opted back in to review e-mails"), icon="bell")
register("review.edited", _("Customer edited their review"), icon="pencil-square")
register("review.withdrawn", _("Customer withdrew their review"), icon="x-mark")
register("review.pinned", _("Review pinned to top"), icon="bookmark")
register("review.unpinned", _("Review unpinned"), icon="bookmark")
register("review.moved", _("Pinned reviews reordered"), icon="arrows-up-down")
register("review.commented", _("Comment added to review"), icon="chat-bubble-left")


def _hidden_for(data: dict[str, Any]) -> dict[str, Any]:
    return {"reason": Review.HiddenFor(data["reason"]).label}


def _reported_for(data: dict[str, Any]) -> dict[str, Any]:
    return {"reason": ReviewReport.Reason(data["reason"]).label}


register("review.hidden", _("Review hidden: %(reason)s"), icon="eye-slash", values=_hidden_for)
register("review.unhidden", _("Review unhidden"), icon="eye")
register("review.reported", _("Review reported: %(reason)s"), icon="flag", values=_reported_for)
register("review.report_upheld", _("Report upheld; review removed from the profile"), icon="shield-check")
register("review.report_dismissed", _("Report dismissed; review kept"), icon="shield-check")
register("review.reinstated", _("Review reinstated"), icon="arrow-uturn-left")
register("rating_summary.repaired", _("Rating recalculated and corrected"), icon="wrench")
