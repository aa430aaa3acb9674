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

register("project.added", gettext_lazy("Project added"), icon="briefcase")
register("project.changed", gettext_lazy("Project updated"), icon="briefcase")
register("project.removed", gettext_lazy("Project removed"), icon="briefcase")
register("task.added", gettext_lazy("Task added"), icon="clipboard-document-list")
register("task.changed", gettext_lazy("Task updated"), icon="clipboard-document-list")
register("task.removed", gettext_lazy("Task removed"), icon="clipboard-document-list")
register("task.done", gettext_lazy("Task completed"), icon="check-circle")
register("task.reopened", gettext_lazy("Task reopened"), icon="arrow-uturn-left")
register("domain.added", gettext_lazy("Domain added"), icon="globe-alt")
register("domain.changed", gettext_lazy("Domain updated"), icon="globe-alt")
register("domain.removed", gettext_lazy("Domain removed"), icon="globe-alt")
register("contract.added", gettext_lazy("Contract added"), icon="document-text")
register("contract.changed", gettext_lazy("Contract updated"), icon="document-text")
register("contract.removed", gettext_lazy("Contract removed"), icon="document-text")
register("note.added", gettext_lazy("Note added"), icon="chat-bubble-left")
register("note.changed", gettext_lazy("Note edited"), icon="chat-bubble-left")
register("note.removed", gettext_lazy("Note removed"), icon="chat-bubble-left")
# Written before projects could be changed and removed, too.
register("project.created", gettext_lazy("Project added"), icon="briefcase")

register(
    "customers.imported",
    gettext_lazy("Customers imported: %(imported)s new, %(skipped)s skipped, %(errors)s failed"),
    icon="arrow-up-tray",
    values=dict,
)
register("customers.exported", gettext_lazy("Customers exported: %(count)s"), icon="arrow-down-tray", values=dict)
