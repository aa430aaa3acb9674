"""Descriptions of the audit events of customers and their items."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Model
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy, ngettext_lazy

from customers.models import Contact, Contract, Customer, Domain, Project, Task
from partnerportal.audit.descriptions import field_labels, register


def _customer_fields(data: dict[str, Any]) -> dict[str, Any]:
    return field_labels(Customer, data)


def _item_fields(model: type[Model]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    # Events of earlier versions have no "fields".
    return lambda data: field_labels(model, data) if "fields" in data else {}


def _renewal(data: dict[str, Any]) -> dict[str, Any]:
    return {"until": date_format(date.fromisoformat(data["until"]), "DATE_FORMAT")}


register("customer.created", gettext_lazy("Customer %(object)s created"), icon="user-plus")
register("customer.updated", gettext_lazy("Updated: %(fields)s"), icon="pencil-square", values=_customer_fields)
register("customer.archived", gettext_lazy("Customer %(object)s archived"), icon="archive-box")
register("customer.restored", gettext_lazy("Customer %(object)s restored"), icon="arrow-uturn-left")
register("customer.erased", gettext_lazy("Customer %(object)s erased"), icon="trash")
register("customer.merged", gettext_lazy("%(second)s merged into %(first)s"), icon="arrows-pointing-in", values=dict)
register("customer.unmerged", gettext_lazy("Merge of %(second)s into %(first)s undone"), icon="arrow-uturn-left", values=dict)
register("customer.not_a_duplicate", gettext_lazy("Declared not to be a duplicate of %(other)s"), icon="x-mark", values=dict)
register(
    "customer.maybe_a_duplicate", gettext_lazy("Listed again as a possible duplicate of %(other)s"), icon="arrow-uturn-left", values=dict
)

register(
    "project.added",
    gettext_lazy("Project added"),
    icon="briefcase",
    named=gettext_lazy("Project “%(item)s” added"),
    run=ngettext_lazy("%(count)d project added", "%(count)d projects added", "count"),
)
register(
    "project.changed",
    gettext_lazy("Project updated"),
    icon="briefcase",
    values=_item_fields(Project),
    named=gettext_lazy("Project “%(item)s” updated: %(fields)s"),
)
register(
    "project.removed",
    gettext_lazy("Project removed"),
    icon="briefcase",
    run=ngettext_lazy("%(count)d project removed", "%(count)d projects removed", "count"),
)
register(
    "project.shared",
    gettext_lazy("Project shared with the client"),
    icon="eye",
    named=gettext_lazy("Project “%(item)s” shared with the client"),
)
register(
    "project.unshared",
    gettext_lazy("Project no longer shared"),
    icon="eye-slash",
    named=gettext_lazy("Project “%(item)s” no longer shared"),
)
# Recorded by earlier versions.
register("project.created", gettext_lazy("Project added"), icon="briefcase", named=gettext_lazy("Project “%(item)s” added"))
register(
    "task.added",
    gettext_lazy("Task added"),
    icon="clipboard-document-list",
    named=gettext_lazy("Task “%(item)s” added"),
    run=ngettext_lazy("%(count)d task added", "%(count)d tasks added", "count"),
)
register(
    "task.changed",
    gettext_lazy("Task updated"),
    icon="clipboard-document-list",
    values=_item_fields(Task),
    named=gettext_lazy("Task “%(item)s” updated: %(fields)s"),
)
register(
    "task.removed",
    gettext_lazy("Task removed"),
    icon="clipboard-document-list",
    run=ngettext_lazy("%(count)d task removed", "%(count)d tasks removed", "count"),
)
register(
    "task.done",
    gettext_lazy("Task completed"),
    icon="check-circle",
    named=gettext_lazy("Task “%(item)s” completed"),
    run=ngettext_lazy("%(count)d task completed", "%(count)d tasks completed", "count"),
)
register("task.reopened", gettext_lazy("Task reopened"), icon="arrow-uturn-left", named=gettext_lazy("Task “%(item)s” reopened"))
register(
    "task.shared", gettext_lazy("Task shared with the client"), icon="eye", named=gettext_lazy("Task “%(item)s” shared with the client")
)
register(
    "task.unshared",
    gettext_lazy("Task no longer shared"),
    icon="eye-slash",
    named=gettext_lazy("Task “%(item)s” no longer shared"),
)
register(
    "domain.added",
    gettext_lazy("Domain added"),
    icon="globe-alt",
    named=gettext_lazy("Domain %(item)s added"),
    run=ngettext_lazy("%(count)d domain added", "%(count)d domains added", "count"),
)
register(
    "domain.changed",
    gettext_lazy("Domain updated"),
    icon="globe-alt",
    values=_item_fields(Domain),
    named=gettext_lazy("Domain %(item)s updated: %(fields)s"),
)
register(
    "domain.renewed",
    gettext_lazy("Domain renewed until %(until)s"),
    icon="arrow-path",
    values=_renewal,
    named=gettext_lazy("Domain %(item)s renewed until %(until)s"),
)
register(
    "domain.renewal_undone",
    gettext_lazy("Renewal of a domain undone: %(until)s again"),
    icon="arrow-uturn-left",
    values=_renewal,
    named=gettext_lazy("Renewal of domain %(item)s undone: %(until)s again"),
)
register(
    "domain.removed",
    gettext_lazy("Domain removed"),
    icon="globe-alt",
    run=ngettext_lazy("%(count)d domain removed", "%(count)d domains removed", "count"),
)
register(
    "contract.added",
    gettext_lazy("Contract added"),
    icon="document-text",
    named=gettext_lazy("Contract %(item)s added"),
    run=ngettext_lazy("%(count)d contract added", "%(count)d contracts added", "count"),
)
register(
    "contract.changed",
    gettext_lazy("Contract updated"),
    icon="document-text",
    values=_item_fields(Contract),
    named=gettext_lazy("Contract %(item)s updated: %(fields)s"),
)
register(
    "contract.renewed",
    gettext_lazy("Contract renewed until %(until)s"),
    icon="arrow-path",
    values=_renewal,
    named=gettext_lazy("Contract %(item)s renewed until %(until)s"),
)
register(
    "contract.renewal_undone",
    gettext_lazy("Renewal of a contract undone: %(until)s again"),
    icon="arrow-uturn-left",
    values=_renewal,
    named=gettext_lazy("Renewal of contract %(item)s undone: %(until)s again"),
)
register(
    "contract.shared",
    gettext_lazy("Contract shared with the client"),
    icon="eye",
    named=gettext_lazy("Contract %(item)s shared with the client"),
)
register(
    "contract.unshared",
    gettext_lazy("Contract no longer shared"),
    icon="eye-slash",
    named=gettext_lazy("Contract %(item)s no longer shared"),
)
register(
    "contract.removed",
    gettext_lazy("Contract removed"),
    icon="document-text",
    run=ngettext_lazy("%(count)d contract removed", "%(count)d contracts removed", "count"),
)
register(
    "contact.added",
    gettext_lazy("Contact added"),
    icon="user-plus",
    named=gettext_lazy("Contact %(item)s added"),
    run=ngettext_lazy("%(count)d contact added", "%(count)d contacts added", "count"),
)
register(
    "contact.changed",
    gettext_lazy("Contact updated"),
    icon="user",
    values=_item_fields(Contact),
    named=gettext_lazy("Contact %(item)s updated: %(fields)s"),
)
register(
    "contact.made_primary",
    gettext_lazy("Primary contact changed"),
    icon="user",
    named=gettext_lazy("%(item)s is now the primary contact"),
)
register("contact.removed", gettext_lazy("Contact removed"), icon="user-minus")
register("contact.restored", gettext_lazy("Contact restored"), icon="arrow-uturn-left")
register(
    "note.added",
    gettext_lazy("Note added"),
    icon="chat-bubble-left",
    run=ngettext_lazy("%(count)d note added", "%(count)d notes added", "count"),
)
register("note.changed", gettext_lazy("Note edited"), icon="chat-bubble-left")
register(
    "note.removed",
    gettext_lazy("Note removed"),
    icon="chat-bubble-left",
    run=ngettext_lazy("%(count)d note removed", "%(count)d notes removed", "count"),
)

register("tag.created", gettext_lazy("Tag “%(object)s” created"), icon="tag")
register("tag.renamed", gettext_lazy("Tag “%(before)s” renamed to “%(object)s”"), icon="tag")
register("tag.recolored", gettext_lazy("Color of the tag “%(object)s” changed"), icon="tag")
register("tag.merged", gettext_lazy("Tag “%(object)s” merged into “%(into)s” (customers: %(count)s)"), icon="tag")
register("tag.deleted", gettext_lazy("Tag “%(object)s” deleted (customers: %(count)s)"), icon="trash")
register("custom_field.added", gettext_lazy("Field “%(object)s” added"), icon="rectangle-stack")
register("custom_field.changed", gettext_lazy("Field “%(object)s” changed"), icon="rectangle-stack")
register("custom_field.moved", gettext_lazy("Field “%(object)s” moved"), icon="rectangle-stack")
register("custom_field.deleted", gettext_lazy("Field “%(object)s” deleted (values: %(count)s)"), icon="trash")

register(
    "customers.imported",
    gettext_lazy("Customers imported: %(imported)s new, %(skipped)s skipped, %(errors)s failed"),
    icon="arrow-up-tray",
    values=dict,
)
register(
    "domains.imported",
    gettext_lazy("Domain list imported: %(imported)s domains, %(skipped)s skipped, %(errors)s failed"),
    icon="arrow-up-tray",
    values=dict,
)
register("customers.exported", gettext_lazy("Customers exported: %(count)s"), icon="arrow-down-tray", values=dict)
register(
    "customers.export_downloaded",
    gettext_lazy("Export downloaded: %(count)s customers"),
    icon="arrow-down-tray",
    values=dict,
)
