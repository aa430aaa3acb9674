"""Descriptions of this app's audit events."""

from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.agencies.models import Agency
from partnerportal.audit.descriptions import register
from partnerportal.network.models import PartnerProfile

#: Current names of fields that older events contain under a former name.
_RENAMED = {"claim": "tagline"}


def _field_names(data: dict[str, Any]) -> dict[str, Any]:
    """Return the labels of the changed fields. JSON columns don't preserve their order."""
    order = ["name", *(field.name for field in PartnerProfile._meta.get_fields())]
    names = sorted((_RENAMED.get(name, name) for name in data["changes"]), key=order.index)
    return {"fields": get_text_list([_label(name) for name in names], _("and"))}


def _label(name: str) -> str:
    if name == "logo":
        return _("Logo")
    model = Agency if name == "name" else PartnerProfile
    return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


register("profile.updated", gettext_lazy("Profile updated: %(fields)s"), icon="pencil-square", values=_field_names)
register("profile.submitted", gettext_lazy("Profile submitted"), icon="paper-airplane")
register("profile.registered", gettext_lazy("Profile registered"), icon="check-badge")
register("profile.declined", gettext_lazy("Profile declined"), icon="x-circle")
register("profile.work_added", gettext_lazy("Work sample added"), icon="photo")
register("profile.work_changed", gettext_lazy("Work sample changed"), icon="photo")
register("profile.work_removed", gettext_lazy("Work sample removed"), icon="trash")
register("profile.work_moved", gettext_lazy("Work samples reordered"), icon="arrows-up-down")
