"""Descriptions of audit events. Those about credentials name only the area, and belong to the access."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from invitations.events import FOR_CLIENT
from invitations.models.areas import area_labels
from partnerportal.audit.descriptions import register


def _area(data: dict[str, Any]) -> dict[str, Any]:
    return {"area": area_labels([data["area"]])}


def _areas(data: dict[str, Any]) -> dict[str, Any]:
    return {"areas": area_labels(data["areas"])}


register("need_template.added", _("“%(object)s” added to the list of needs"), icon="plus")
register("need_template.changed", _("“%(object)s” changed in the list of needs"), icon="pencil-square")
register("need_template.deleted", _("“%(object)s” deleted from the list of needs"), icon="trash")
register("need.added", _("Needs added (%(areas)s)"), icon="plus", values=_areas, named=_("Needs sent to %(item)s (%(areas)s)"))
register("need.removed", _("Need removed (%(area)s)"), icon="trash", values=_area)
register(
    "need.invited",
    _("Client invited the agency as a user (%(area)s)"),
    icon="user-plus",
    values=_area,
    named=_("%(item)s invited the agency as a user (%(area)s)"),
)
register(
    "credential.handed_over",
    _("Client shared a credential (%(area)s)"),
    icon="key",
    values=_area,
    named=_("%(item)s shared a credential (%(area)s)"),
)
register(
    "credential.revealed",
    _("Credential revealed (%(area)s)"),
    icon="eye",
    values=_area,
    named=_("Credential from %(item)s revealed (%(area)s)"),
)
register(
    "credential.deleted",
    _("Client deleted a credential (%(area)s)"),
    icon="trash",
    values=_area,
    named=_("%(item)s deleted a credential (%(area)s)"),
)
register(
    "credential.expired",
    _("Credential deleted 30 days after the first reveal (%(area)s)"),
    icon="clock",
    values=_area,
    named=_("Credential from %(item)s deleted 30 days after the first reveal (%(area)s)"),
)

FOR_CLIENT.update(
    {
        "need.added": _("%(agency)s asked you for access (%(areas)s)"),
        "need.removed": _("%(agency)s no longer needs something (%(area)s)"),
        "need.invited": _("You invited %(agency)s as a user (%(area)s)"),
        "credential.handed_over": _("You shared a credential (%(area)s)"),
        "credential.revealed": _("%(agency)s revealed a credential (%(area)s)"),
        "credential.deleted": _("You deleted a credential (%(area)s)"),
    }
)
