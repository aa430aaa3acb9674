"""How this app's audit events read."""

from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.agencies.models import Agency
from partnerportal.audit.descriptions import register
from partnerportal.network.models import PartnerProfile


def _field_names(data: dict[str, Any]) -> dict[str, Any]:
    """The changed fields by their labels; what stood and stands in them is in the event's data."""
    # JSON in the database keeps no order.
    order = ["name", *(field.name for field in PartnerProfile._meta.get_fields())]
    return {"fields": get_text_list([_label(name) for name in sorted(data["changes"], key=order.index)], _("and"))}


def _label(name: str) -> str:
    if name == "logo":
        return _("Logo")
    model = Agency if name == "name" else PartnerProfile
    return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


register("profile.updated", gettext_lazy("Profile updated: %(fields)s"), icon="pencil-square", values=_field_names)
register("profile.submitted", gettext_lazy("Profile submitted"), icon="paper-airplane")
register("profile.registered", gettext_lazy("Profile registered"), icon="check-badge")
register("profile.declined", gettext_lazy("Profile declined"), icon="x-circle")
