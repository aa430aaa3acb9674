"""How this app's audit events read."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register

register("review_request.created", _("A review was requested"), icon="star")
register("review_request.mailed", _("The review request was sent by e-mail"), icon="envelope")
register("review_request.withdrawn", _("The review request was withdrawn"), icon="x-mark")
register("review.submitted", _("The customer submitted a review"), icon="star")
