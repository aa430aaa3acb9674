"""Descriptions of audit events."""

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from partnerportal.audit.descriptions import register


def _to(data: dict[str, Any]) -> dict[str, Any]:
    """Return the new assignee. Older events don't name one."""
    return {"to": data.get("to") or _now("another member")}


register("request.received", _("Request %(object)s received"), icon="inbox-arrow-down")
register("request.taken", _("Request %(object)s claimed"), icon="hand-raised")
register("request.handed_over", _("Request %(object)s reassigned to %(to)s"), icon="arrows-right-left", values=_to)
register("request.released", _("Request %(object)s unassigned"), icon="user-minus")
register("request.replied", _("Reply sent to request %(object)s"), icon="paper-airplane")
register("request.no_reply_needed", _("Request %(object)s marked as needing no reply"), icon="check-circle")
register("request.reply_needed", _("Request %(object)s marked as waiting for a reply"), icon="arrow-uturn-left")
register("request.noted", _("Note added to request %(object)s"), icon="pencil-square")
register("request.assigned", _("Request %(object)s assigned to the customer"), icon="link")
register("request.spam", _("Request %(object)s marked as spam"), icon="no-symbol")
register("request.not_spam", _("Request %(object)s marked as not spam"), icon="inbox")
register("request.closed", _("Request %(object)s closed"), icon="check")
register("request.reopened", _("Request %(object)s reopened"), icon="arrow-uturn-left")
register("saved_reply.added", _("Saved reply “%(object)s” added"), icon="plus")
register("saved_reply.changed", _("Saved reply “%(object)s” changed"), icon="pencil-square")
register("saved_reply.deleted", _("Saved reply “%(object)s” deleted"), icon="trash")
register("sender.blocked", _("Sender of request %(object)s blocked"), icon="no-symbol")
register("sender.unblocked", _("Sender unblocked"), icon="lock-open")
register("requests.deleted", _("Old requests deleted: %(count)s"), icon="trash", values=dict)
register("inbox.changed", _("Inbox settings changed"), icon="cog-6-tooth")
