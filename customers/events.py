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


register("customer.created", gettext_lazy("Customer %(object)s created"), icon="user-plus")
register("customer.updated", gettext_lazy("Updated: %(fields)s"), icon="pencil-square", values=_field_names)
register("customer.archived", gettext_lazy("Customer %(object)s archived"), icon="archive-box")
register("customer.restored", gettext_lazy("Customer %(object)s restored"), icon="arrow-uturn-left")
register("customer.erased", gettext_lazy("Customer %(object)s erased"), icon="trash")

register("project.added", gettext_lazy("A project was added"), icon="briefcase")
register("project.changed", gettext_lazy("A project was changed"), icon="briefcase")
register("project.removed", gettext_lazy("A project was removed"), icon="briefcase")
register("task.added", gettext_lazy("A task was added"), icon="clipboard-document-list")
register("task.changed", gettext_lazy("A task was changed"), icon="clipboard-document-list")
register("task.removed", gettext_lazy("A task was removed"), icon="clipboard-document-list")
register("task.done", gettext_lazy("A task was done"), icon="check-circle")
register("task.reopened", gettext_lazy("A task was opened again"), icon="arrow-uturn-left")
register("domain.added", gettext_lazy("A domain was added"), icon="globe-alt")
register("domain.changed", gettext_lazy("A domain was changed"), icon="globe-alt")
register("domain.removed", gettext_lazy("A domain was removed"), icon="globe-alt")
register("contract.added", gettext_lazy("A contract was added"), icon="document-text")
register("contract.changed", gettext_lazy("A contract was changed"), icon="document-text")
register("contract.removed", gettext_lazy("A contract was removed"), icon="document-text")
register("note.added", gettext_lazy("A note was written"), icon="chat-bubble-left")
register("note.changed", gettext_lazy("A note was changed"), icon="chat-bubble-left")
register("note.removed", gettext_lazy("A note was removed"), icon="chat-bubble-left")
# Written before projects could be changed and removed, too.
register("project.created", gettext_lazy("A project was added"), icon="briefcase")

register(
    "customers.imported",
    gettext_lazy("Customers imported: %(imported)s new, %(skipped)s skipped, %(errors)s failed"),
    icon="arrow-up-tray",
    values=dict,
)
register("customers.exported", gettext_lazy("Customers exported: %(count)s"), icon="arrow-down-tray", values=dict)
