"""How this app's audit events read."""

from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from partnerportal.audit.sentences import register


def _field_names(data: dict[str, Any]) -> dict[str, Any]:
    """The changed fields by their labels; which they were is told, what stood in them is not."""
    labels = [str(Customer._meta.get_field(name).verbose_name) for name in data["fields"]]  # type: ignore[union-attr]
    return {"fields": get_text_list(labels, _("and"))}


register("customer.created", gettext_lazy("Customer %(object)s was created"), icon="user-plus")
register("customer.updated", gettext_lazy("Changed: %(fields)s"), icon="pencil-square", values=_field_names)
register("project.created", gettext_lazy("A project was added"), icon="briefcase")
