"""How this app's audit events read. They name the client by nothing personal (see `AuditEvent`)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from invitations.areas import access_label
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.sentences import register


def _access(data: dict[str, Any]) -> dict[str, Any]:
    """The access in the reader's language."""
    return {"access": access_label(data["scope"], data["areas"])}


register("invitation.received", _("The client gave access: %(access)s"), icon="key", values=_access)
register("invitation.connected", _("The access was connected: %(access)s"), icon="link", values=_access)
register("invitation.rejected", _("The invitation was rejected"), icon="x-circle")
register("invitation.withdrawn", _("The client withdrew the invitation"), icon="x-circle")
register("invitation.expired", _("The invitation expired"), icon="clock")
register("invitation.changed", _("The client changed the access: %(access)s"), icon="key", values=_access)
register("invitation.revoked", _("The client took the access back"), icon="lock-closed")
register("invitation.disconnected", _("The agency ended the access"), icon="lock-closed")
register("invitation.force_ended", _("The administration ended the access"), icon="lock-closed")

register("access_request.sent", _("Access was asked for: %(access)s"), icon="paper-airplane", values=_access)
register("access_request.resent", _("The access request was sent again"), icon="paper-airplane")
register("access_request.granted", _("The client granted the access request: %(access)s"), icon="key", values=_access)
register("access_request.declined", _("The client declined the access request"), icon="x-circle")
register("access_request.withdrawn", _("The access request was withdrawn"), icon="x-circle")
register("access_request.expired", _("The access request expired"), icon="clock")

#: What the client did, as the client reads it.
_BY_YOU = {
    "invitation.received": _("You gave access: %(access)s"),
    "invitation.withdrawn": _("You withdrew the invitation"),
    "invitation.changed": _("You changed the access: %(access)s"),
    "invitation.revoked": _("You took the access back"),
    "access_request.granted": _("You granted the access request: %(access)s"),
}


def sentence_for_client(event: AuditEvent) -> str:
    """The event as the client reads it on their own pages."""
    if event.action not in _BY_YOU:
        return event.sentence
    return str(_BY_YOU[event.action]) % (_access(event.data) if "scope" in event.data else {})
