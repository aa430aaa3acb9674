"""How this app's audit events read. They name the client by nothing personal (see `AuditEvent`)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from invitations.areas import access_label
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.sentences import register


def _access(data: dict[str, Any]) -> dict[str, Any]:
    """The access in the reader's language."""
    return {"access": access_label(data["scope"], data["areas"])}


register("invitation.received", _("Client gave %(access)s"), icon="key", values=_access)
register("invitation.connected", _("Connected %(access)s"), icon="link", values=_access)
register("invitation.rejected", _("Invitation rejected"), icon="x-circle")
register("invitation.withdrawn", _("Client withdrew the invitation"), icon="x-circle")
register("invitation.expired", _("Invitation expired"), icon="clock")
register("invitation.changed", _("Client changed access to %(access)s"), icon="key", values=_access)
register("invitation.revoked", _("Client revoked access"), icon="lock-closed")
register("invitation.disconnected", _("Agency ended access"), icon="lock-closed")
register("invitation.force_ended", _("Portal administrator ended access"), icon="lock-closed")

register("access_request.sent", _("Requested %(access)s"), icon="paper-airplane", values=_access)
register("access_request.resent", _("Access request resent"), icon="paper-airplane")
register("access_request.granted", _("Client granted %(access)s"), icon="key", values=_access)
register("access_request.declined", _("Client declined the access request"), icon="x-circle")
register("access_request.withdrawn", _("Access request withdrawn"), icon="x-circle")
register("access_request.expired", _("Access request expired"), icon="clock")

#: What the client did, as the client reads it.
_BY_YOU = {
    "invitation.received": _("You gave %(access)s"),
    "invitation.withdrawn": _("You withdrew the invitation"),
    "invitation.changed": _("You changed access to %(access)s"),
    "invitation.revoked": _("You revoked access"),
    "access_request.granted": _("You granted %(access)s"),
}


def sentence_for_client(event: AuditEvent) -> str:
    """The event as the client reads it on their own pages."""
    if event.action not in _BY_YOU:
        return event.sentence
    return str(_BY_YOU[event.action]) % (_access(event.data) if "scope" in event.data else {})
