"""What the list of customers and a customer's page show besides the customers themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from customers.models import SOON_DAYS, Contract, Customer, Domain, Task
from partnerportal.audit.descriptions import ItemNames
from partnerportal.core.compiled import compiled

#: Maximum number of rows of each kind on a customer's page; the lists across customers show all.
MAX_ROWS = 200


@dataclass(frozen=True)
class PageSection:
    """What another app shows on a customer's page."""

    #: Template variables.
    context: dict[str, Any]
    #: Current names of the app's objects, for the timeline.
    names: ItemNames


#: Functions of other apps that return their section of a customer's page; registered in their `hooks.py`.
customer_page_sections: list[Callable[[Customer], PageSection]] = []


#: Rows of a customer's page by template variable, which is also the name of the relation.
_ITEMS: dict[str, Callable[[Any], QuerySet[Any]]] = {
    "projects": lambda rows: rows.with_progress().order_by("sort_date", "pk"),
    "tasks": lambda rows: rows.select_related("assignee", "project").order_by(
        F("done_at").desc(nulls_first=True), "sort_date", "priority", "pk"
    ),
    "domains": lambda rows: rows.order_by("sort_date", "name"),
    "contracts": lambda rows: rows.order_by("sort_date", "pk"),
    "team_notes": lambda rows: rows.select_related("author").order_by("-pk"),
    "contact_requests": lambda rows: rows.select_related("assignee").order_by("-pk"),
}


def customer_items(customer: Any) -> dict[str, list[Any]]:
    """Return the rows assigned to a customer, by template variable."""
    items = {name: items_of(name, customer=customer.pk) for name in _ITEMS}
    for rows in items.values():
        for row in rows:
            row.customer = customer
    return items


@compiled
def items_of(name: str, /, *, customer: Any) -> QuerySet[Any]:
    """Return the customer's rows of one relation."""
    model: Any = Customer._meta.get_field(name).related_model
    return _ITEMS[name](model.objects.filter(customer=customer))[:MAX_ROWS]


def with_open_work(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """Annotate the number of `open_tasks`, and the next `domain_ends` and `contract_ends` within `SOON_DAYS`."""
    soon = (timezone.localdate(), timezone.localdate() + timedelta(days=SOON_DAYS))

    def per_customer(items: QuerySet[Any], aggregate: Any) -> Subquery:
        return Subquery(items.filter(customer=OuterRef("pk")).order_by().values("customer").annotate(value=aggregate).values("value"))

    domains = Domain.objects.filter(expires_on__range=soon, auto_renew=False)
    contracts = Contract.objects.filter(ends_on__range=soon, status=Contract.Status.ACTIVE)
    return customers.annotate(
        open_tasks=Coalesce(per_customer(Task.objects.filter(done_at__isnull=True), Count("pk")), Value(0), output_field=IntegerField()),
        domain_ends=per_customer(domains, Min("expires_on")),
        contract_ends=per_customer(contracts, Min("ends_on")),
    )
