"""Descriptions of this app's audit events.

Events store no personal data. The client's name is looked up when they are displayed.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from invitations.models.areas import access_in_text, access_label
from partnerportal.audit.descriptions import register
from partnerportal.audit.models import AuditEvent


def _access(data: dict[str, Any]) -> dict[str, Any]:
    """Return the access in the user's language, for parentheses and for the middle of a sentence."""
    scope, areas = data["scope"], data["areas"]
    return {"access": access_label(scope, areas), "granted": access_in_text(scope, areas)}


register("invitation.received", _("Client offered %(granted)s"), icon="key", values=_access, named=_("%(item)s offered %(granted)s"))
register(
    "invitation.connected",
    _("Access connected (%(access)s)"),
    icon="link",
    values=_access,
    named=_("Access from %(item)s connected (%(access)s)"),
)
register("invitation.rejected", _("Invitation rejected"), icon="x-circle", named=_("Invitation from %(item)s rejected"))
register("invitation.withdrawn", _("Client withdrew the invitation"), icon="x-circle", named=_("%(item)s withdrew the invitation"))
register("invitation.expired", _("Invitation expired"), icon="clock", named=_("Invitation from %(item)s expired"))
register(
    "invitation.changed",
    _("Client changed access (now %(access)s)"),
    icon="key",
    values=_access,
    named=_("%(item)s changed access (now %(access)s)"),
)
register("invitation.revoked", _("Client revoked access"), icon="lock-closed", named=_("%(item)s revoked access"))
register("invitation.disconnected", _("Agency ended access"), icon="lock-closed", named=_("Access from %(item)s ended"))
register(
    "invitation.force_ended",
    _("Portal administrator ended access"),
    icon="lock-closed",
    named=_("Portal administrator ended access from %(item)s"),
)
register(
    "invitation.previewed",
    _("Shared space viewed as the client"),
    icon="eye",
    named=_("Shared space viewed as %(item)s"),
    run=ngettext_lazy("Shared space viewed as a client %(count)d time", "Shared space viewed as a client %(count)d times", "count"),
)

register(
    "access_request.sent",
    _("Access requested (%(access)s)"),
    icon="paper-airplane",
    values=_access,
    named=_("Access requested from %(item)s (%(access)s)"),
)
register("access_request.resent", _("Access request resent"), icon="paper-airplane", named=_("Access request to %(item)s resent"))
register(
    "access_request.granted",
    _("Client granted the access request (%(access)s)"),
    icon="key",
    values=_access,
    named=_("%(item)s granted the access request (%(access)s)"),
)
register(
    "access_request.declined",
    _("Client declined the access request"),
    icon="x-circle",
    named=_("%(item)s declined the access request"),
)
register("access_request.withdrawn", _("Access request withdrawn"), icon="x-circle", named=_("Access request to %(item)s withdrawn"))
register("access_request.expired", _("Access request expired"), icon="clock", named=_("Access request to %(item)s expired"))

#: Descriptions for the client's own pages, where “you” is the client.
_FOR_CLIENT = {
    "invitation.received": _("You offered %(granted)s"),
    "invitation.connected": _("%(agency)s connected your access (%(access)s)"),
    "invitation.rejected": _("%(agency)s rejected your invitation"),
    "invitation.withdrawn": _("You withdrew the invitation"),
    "invitation.changed": _("You changed access (now %(access)s)"),
    "invitation.revoked": _("You revoked access"),
    "invitation.disconnected": _("%(agency)s ended its access"),
    "access_request.sent": _("%(agency)s requested %(granted)s"),
    "access_request.resent": _("%(agency)s resent the access request"),
    "access_request.granted": _("You granted the access request (%(access)s)"),
    "access_request.declined": _("You declined the access request"),
    "access_request.withdrawn": _("%(agency)s withdrew the access request"),
}


def sentence_for_client(event: AuditEvent, *, agency: str) -> str:
    """Return the event's description for the client's own pages."""
    if event.action not in _FOR_CLIENT:
        return event.sentence
    access = _access(event.data) if "scope" in event.data else {}
    return str(_FOR_CLIENT[event.action]) % {"agency": agency, **access}
