"""Descriptions of this app's audit events.

Events store no personal data. The client's name is looked up when they are displayed.
"""

from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from invitations.models import Term
from invitations.models.areas import access_in_text, access_label
from partnerportal.audit.descriptions import DESCRIPTIONS, register
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


def _end(data: dict[str, Any]) -> dict[str, Any]:
    """Return when the access ends, in the user's language."""
    if data["ends_on"]:
        return {"end": _("ends on %(date)s") % {"date": date_format(date.fromisoformat(data["ends_on"]), "DATE_FORMAT")}}
    return {"end": _("ends with a project") if data["term"] == Term.PROJECT else _("no end date")}


register(
    "invitation.end_changed",
    _("Client changed the end of the access (%(end)s)"),
    icon="calendar",
    values=_end,
    named=_("%(item)s changed the end of the access (%(end)s)"),
)
register(
    "invitation.end_known",
    _("Access %(end)s, because its project is closed"),
    icon="calendar",
    values=_end,
    named=_("Access from %(item)s %(end)s, because its project is closed"),
)
register(
    "invitation.end_lifted",
    _("Access continues, because its project is open again"),
    icon="calendar",
    named=_("Access from %(item)s continues, because its project is open again"),
)
register("invitation.ended", _("Access ended on its last day"), icon="lock-closed", named=_("Access from %(item)s ended on its last day"))
register(
    "invitation.extension_requested",
    _("Agency asked to extend the access"),
    icon="paper-airplane",
    named=_("%(item)s was asked to extend the access"),
)
register(
    "invitation.extension_declined",
    _("Client declined to extend the access"),
    icon="x-circle",
    named=_("%(item)s declined to extend the access"),
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

#: Descriptions for the client's own pages, where “you” is the client. Packages of this app add theirs.
FOR_CLIENT: dict[str, Any] = {
    "invitation.received": _("You offered %(granted)s"),
    "invitation.connected": _("%(agency)s connected your access (%(access)s)"),
    "invitation.rejected": _("%(agency)s rejected your invitation"),
    "invitation.withdrawn": _("You withdrew the invitation"),
    "invitation.changed": _("You changed access (now %(access)s)"),
    "invitation.revoked": _("You revoked access"),
    "invitation.disconnected": _("%(agency)s ended its access"),
    "invitation.end_changed": _("You changed the end of the access (%(end)s)"),
    "invitation.extension_requested": _("%(agency)s asked you to extend the access"),
    "invitation.extension_declined": _("You declined to extend the access"),
    "access_request.sent": _("%(agency)s requested %(granted)s"),
    "access_request.resent": _("%(agency)s resent the access request"),
    "access_request.granted": _("You granted the access request (%(access)s)"),
    "access_request.declined": _("You declined the access request"),
    "access_request.withdrawn": _("%(agency)s withdrew the access request"),
}


def sentence_for_client(event: AuditEvent, *, agency: str) -> str:
    """Return the event's description for the client's own pages."""
    if event.action not in FOR_CLIENT:
        return event.sentence
    return str(FOR_CLIENT[event.action]) % {"agency": agency, **DESCRIPTIONS[event.action].values(event.data)}
