"""What the list of customers and a customer's page show besides the customers themselves."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Count, Exists, F, Func, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject

from customers.models import Contact, Contract, Customer, CustomerTag, Domain, MergeLog, Task
from customers.models.customers import CustomerQuerySet
from customers.models.triggers import PERSON
from partnerportal.audit.descriptions import ItemNames
from partnerportal.core.compiled import compiled
from partnerportal.outbox.models import OutgoingMail

#: Maximum number of rows of each kind on a customer's page; the lists across customers show all.
MAX_ROWS = 200
#: Number of e-mails on a customer's page.
SHOWN_MAILS = 5


@dataclass(frozen=True)
class PageSection:
    """What another app shows on a customer's page."""

    #: Template variables.
    context: dict[str, Any]
    #: Current names of the app's objects, for the timeline.
    names: ItemNames


#: Fields of a merged customer that name it.
_NAME = ("kind", "company", "first_name", "last_name")
#: Fields of an e-mail that the page shows.
_MAIL = ("created_at", "subject", "to_email", "status")
#: Fields of a contact that the page shows.
_CONTACT = ("is_primary", "role", *PERSON)

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
    items = {name: items_of(name, customers=tuple(customer.shown_keys)) for name in _ITEMS}
    for rows in items.values():
        customer.mark_origin(rows)
    return items


@compiled
def known_customer(*, agency: Any, pk: Any) -> QuerySet[Customer]:
    """Return an agency's customer with this key, unless erased or merged.

    `merged_rows` are the customers merged into it, `contact_rows` its contacts, and `mail_rows` the latest e-mails to it and
    to the merged ones. A merged customer's contacts were copied.
    """
    merged = Customer.objects.filter(merged_into=OuterRef("pk")).order_by("number").annotate(log=_merge_of(OuterRef("pk")))
    rows = ArraySubquery(merged.values(json=JSONObject(id="pk", number="number", log="log", **{name: name for name in _NAME})))
    found = Customer.objects.filter(agency=agency, pk=pk).not_erased().select_related("responsible")
    contacts = Contact.objects.filter(customer=OuterRef("pk")).in_order()[:MAX_ROWS]
    contact_rows = ArraySubquery(contacts.values(json=JSONObject(id="pk", **{name: name for name in _CONTACT})))
    mail_rows = ArraySubquery(_latest_mails().values(json=JSONObject(id="pk", **{name: name for name in _MAIL})))
    return found.annotate(merged_rows=rows, contact_rows=contact_rows, mail_rows=mail_rows)  # type: ignore[no-any-return]


def _latest_mails() -> QuerySet[OutgoingMail]:
    """Return the latest e-mails to the customer of the outer query and those merged into it, without notices to the team."""
    of_customer = Customer.objects.filter(Q(pk=OuterRef(OuterRef("pk"))) | Q(merged_into=OuterRef(OuterRef("pk"))))
    # An array, because the index would not be used for a subquery.
    keys = ArraySubquery(of_customer.order_by().values("pk"))
    is_to_customer = Func(F("customer_id"), keys, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())
    return OutgoingMail.objects.filter(is_to_customer, to_team=False).order_by("-pk")[:SHOWN_MAILS]


def _merge_of(second: Any) -> Subquery:
    return Subquery(MergeLog.objects.filter(second=second, undone_at=None).values("pk")[:1])


def contacts_of(customer: Any) -> list[Contact]:
    """Return the contacts of the customer of `known_customer`, the primary one first."""
    return [Contact(agency=customer.agency, customer=customer, **row) for row in customer.contact_rows]


def mails_to(customer: Any) -> list[OutgoingMail]:
    """Return the latest e-mails to the customer of `known_customer`, newest first, without their bodies."""
    return [
        OutgoingMail(pk=row["id"], created_at=datetime.fromisoformat(row["created_at"]), **{name: row[name] for name in _MAIL[1:]})
        for row in customer.mail_rows
    ]


def merged_customers(customer: Any) -> list[Customer]:
    """Return the customers that were merged into the customer of `known_customer`, each with the key of its merge as `log`."""
    found = []
    for row in customer.merged_rows:
        merged = Customer(pk=row["id"], number=row["number"], agency=customer.agency, **{name: row[name] for name in _NAME})
        merged.log = row["log"]  # type: ignore[attr-defined]
        found.append(merged)
    return found


@compiled
def review_requests_to(*, customers: Any) -> Any:
    """Return the review requests to the customers with their reviews, newest first."""
    model: Any = Customer._meta.get_field("review_requests").related_model
    return model.objects.filter(customer__any=customers).select_related("agency", "project", "review__comment").order_by("-pk")


@compiled
def items_of(name: str, /, *, customers: Any) -> QuerySet[Any]:
    """Return the customers' rows of one relation."""
    model: Any = Customer._meta.get_field(name).related_model
    return _ITEMS[name](model.objects.filter(customer__any=customers))[:MAX_ROWS]


def customers_of(agency: Any, *choice: str, **values: Any) -> QuerySet[Customer]:
    """Return the customers of an agency that match; see `narrowed`."""
    return narrowed(Customer.objects.filter(agency=agency), agency, *choice, **values)


def narrowed(customers: CustomerQuerySet, agency: Any, status: str, kind: str, *others: str, **values: Any) -> CustomerQuerySet:
    """Return those of an agency's customers with a status (`all`: any) and of a kind (empty: any).

    `others` can be `responsible`, with this value, `open_tasks`, and one of `tags_any`, `tags_all` and `tags_none`, with
    the tags as the values `tag_0`, `tag_1` …
    """
    customers = customers.not_erased()
    if status != "all":
        customers = customers.filter(status=status)
    if kind:
        customers = customers.filter(kind=kind)
    if "responsible" in others:
        customers = customers.filter(responsible=values["responsible"])
    if "open_tasks" in others:
        customers = customers.filter(pk__in=Task.objects.filter(agency=agency, done_at__isnull=True).values("customer"))
    tags = [Q(tag=value) for name, value in sorted(values.items()) if name.startswith("tag_")]
    if "tags_any" in others:
        customers = customers.filter(pk__in=CustomerTag.objects.filter(reduce(or_, tags)).values("customer"))
    if "tags_all" in others:
        for tag in tags:
            customers = customers.filter(pk__in=CustomerTag.objects.filter(tag).values("customer"))
    if "tags_none" in others:
        customers = customers.filter(~Exists(CustomerTag.objects.filter(reduce(or_, tags), customer=OuterRef("pk"))))
    return customers


#: Fields that each row of the list shows or is sorted by, and those of details that only some lists show.
_LISTED = ("number", "kind", "status", "company", "first_name", "last_name", "email", "phone", "city", "sort_name")
_OF_DETAILS = {
    "show_responsible": "responsible",
    "show_created": "created_at",
    "show_website": "website",
    "show_values": "custom_values",
}


def listed_customers(*choice: str, agency: Any, today: Any, horizon: Any, **values: Any) -> QuerySet[Customer]:
    """Return the customers of `customers_of` with the details that are chosen; see `with_details`."""
    return with_details(customers_of(agency, *choice, **values), today, horizon, choice)


def with_details(customers: QuerySet[Customer], today: Any, horizon: Any, details: Collection[str]) -> QuerySet[Customer]:
    """Annotate what `with_open_work` does, and with `show_tags` the keys of the tags as `tag_ids`. Reads only what rows show."""
    fields = [name for detail, name in _OF_DETAILS.items() if detail in details]
    customers = with_open_work(customers.only(*_LISTED, *fields), today, horizon)
    if "show_tags" not in details:
        return customers
    return customers.annotate(tag_ids=ArraySubquery(CustomerTag.objects.filter(customer=OuterRef("pk")).values("tag_id")))


def with_open_work(customers: QuerySet[Customer], today: Any, horizon: Any) -> QuerySet[Customer]:
    """Annotate the number of `open_tasks`, and the next `domain_ends` and `contract_ends` until `horizon`."""
    soon = (today, horizon)

    def per_customer(items: QuerySet[Any], aggregate: Any) -> Subquery:
        return Subquery(items.filter(customer=OuterRef("pk")).order_by().values("customer").annotate(value=aggregate).values("value"))

    domains = Domain.objects.filter(expires_on__range=soon, auto_renew=False)
    contracts = Contract.objects.filter(ends_on__range=soon, status=Contract.Status.ACTIVE)
    return customers.annotate(
        open_tasks=Coalesce(per_customer(Task.objects.filter(done_at__isnull=True), Count("pk")), Value(0), output_field=IntegerField()),
        domain_ends=per_customer(domains, Min("expires_on")),
        contract_ends=per_customer(contracts, Min("ends_on")),
    )
