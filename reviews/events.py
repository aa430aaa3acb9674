"""Descriptions of this app's audit events."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register
from reviews.models import Review, ReviewReport

register("review_request.created", _("Review of the company requested"), icon="star", named=_("Review of “%(item)s” requested"))
register(
    "review_request.created_anyway",
    _("Review of the company requested again early (“Request anyway”)"),
    icon="star",
    named=_("Review of “%(item)s” requested again early (“Request anyway”)"),
)
register(
    "review_request.mailed", _("Review request sent by e-mail"), icon="envelope", named=_("Review request for “%(item)s” sent by e-mail")
)
register("review_request.resent", _("Review request resent"), icon="envelope", named=_("Review request for “%(item)s” resent"))
register("review_request.reminded", _("Review reminder sent"), icon="bell", named=_("Review reminder for “%(item)s” sent"))
register(
    "review_request.undeliverable",
    _("Review request could not be delivered"),
    icon="exclamation-triangle",
    named=_("Review request for “%(item)s” could not be delivered"),
)
register("review_request.replaced", _("Review link replaced"), icon="link", named=_("Review link for “%(item)s” replaced"))
register("review_request.withdrawn", _("Review request withdrawn"), icon="x-mark", named=_("Review request for “%(item)s” withdrawn"))
register(
    "review.submitted", _("Customer submitted a review of the company"), icon="star", named=_("Customer submitted a review of “%(item)s”")
)
register("review_mails.stopped", _("Customer opted out of review e-mails"), icon="bell-slash")
register("review_mails.allowed", _("Customer opted back in to review e-mails"), icon="bell")
register("review.edited", _("Customer edited their review"), icon="pencil-square", named=_("Customer edited their review of “%(item)s”"))
register("review.withdrawn", _("Customer withdrew their review"), icon="x-mark", named=_("Customer withdrew their review of “%(item)s”"))
register("review.pinned", _("Review pinned to top"), icon="bookmark", named=_("Review of “%(item)s” pinned to top"))
register("review.unpinned", _("Review unpinned"), icon="bookmark", named=_("Review of “%(item)s” unpinned"))
register("review.moved", _("Pinned reviews reordered"), icon="arrows-up-down")
register(
    "review.reply_drafted", _("Draft reply to review saved"), icon="pencil-square", named=_("Draft reply to review of “%(item)s” saved")
)
register(
    "review.reply_draft_deleted", _("Draft reply to review deleted"), icon="trash", named=_("Draft reply to review of “%(item)s” deleted")
)
register("review.commented", _("Comment added to review"), icon="chat-bubble-left", named=_("Comment added to review of “%(item)s”"))


register(
    "review.hidden",
    _("Review hidden: %(reason)s"),
    icon="eye-slash",
    values=lambda data: {"reason": Review.HiddenReason(data["reason"]).label},
    named=_("Review of “%(item)s” hidden: %(reason)s"),
)
register("review.unhidden", _("Review unhidden"), icon="eye", named=_("Review of “%(item)s” unhidden"))
register(
    "review.reported",
    _("Review reported: %(reason)s"),
    icon="flag",
    values=lambda data: {"reason": ReviewReport.Reason(data["reason"]).label},
    named=_("Review of “%(item)s” reported: %(reason)s"),
)
register(
    "review.report_upheld",
    _("Report upheld; review removed from the profile"),
    icon="shield-check",
    named=_("Report upheld; review of “%(item)s” removed from the profile"),
)
register(
    "review.report_dismissed",
    _("Report dismissed; review kept"),
    icon="shield-check",
    named=_("Report dismissed; review of “%(item)s” kept"),
)
register("review.reinstated", _("Review reinstated"), icon="arrow-uturn-left", named=_("Review of “%(item)s” reinstated"))
register("rating_summary.repaired", _("Rating recalculated and corrected"), icon="wrench")
