"""Descriptions of the audit events of review rounds and automatic requests."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register

register("review_round.started", _("Review round started, customers to ask: %(count)s"), icon="play")
register("review_round.resumed", _("Review round resumed, customers to ask: %(count)s"), icon="play")
register("review_round.paused", _("Review round paused, requests sent: %(count)s"), icon="pause")
register("review_round.stopped", _("Review round stopped, requests sent: %(count)s"), icon="stop")
register("review_round.finished", _("Review round finished, requests sent: %(count)s"), icon="check-circle")
register("automatic_requests.enabled", _("Automatic review requests turned on"), icon="bell")
register("automatic_requests.disabled", _("Automatic review requests turned off"), icon="bell-slash")
register(
    "automatic_request.cancelled",
    _("Automatic review request cancelled"),
    icon="x-mark",
    named=_("Automatic review request for “%(item)s” cancelled"),
)
register(
    "automatic_request.restored",
    _("Automatic review request restored"),
    icon="arrow-uturn-left",
    named=_("Automatic review request for “%(item)s” restored"),
)
