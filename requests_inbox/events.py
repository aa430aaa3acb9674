"""How this app's audit events read."""

from django.utils.translation import gettext_lazy as _

from partnerportal.audit.sentences import register

register("request.received", _("Request %(object)s came in"), icon="inbox-arrow-down")
register("request.taken", _("Request %(object)s was taken"), icon="hand-raised")
register("request.handed_over", _("Request %(object)s was handed over"), icon="arrows-right-left")
register("request.replied", _("Request %(object)s was answered"), icon="paper-airplane")
register("request.noted", _("A note was written about request %(object)s"), icon="pencil-square")
register("request.assigned", _("Request %(object)s was assigned for good"), icon="link")
register("request.spam", _("Request %(object)s was marked as spam"), icon="no-symbol")
register("request.not_spam", _("Request %(object)s is no spam"), icon="inbox")
register("request.closed", _("Request %(object)s was closed"), icon="check")
register("request.reopened", _("Request %(object)s was reopened"), icon="arrow-uturn-left")
register("sender.blocked", _("The sender of request %(object)s was blocked"), icon="no-symbol")
register("sender.unblocked", _("A sender was unblocked"), icon="lock-open")
register("requests.deleted", _("Old requests were deleted: %(count)s"), icon="trash", values=dict)
register("inbox.changed", _("The settings of the inbox were changed"), icon="cog-6-tooth")
