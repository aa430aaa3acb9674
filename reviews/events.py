"""How this app's audit events read."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register

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
