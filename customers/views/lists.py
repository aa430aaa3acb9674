"""Lists of items across customers, and the selection of the customer for a new item."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.forms.filters import ContractFilter, DomainFilter, ItemFilter, ProjectFilter, TaskFilter
from customers.models import Customer
from customers.queries.lists import date_groups
from customers.views.picker import picker_page
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.pagination import keyset_page


@dataclass(frozen=True)
class Listing:
    """Texts and templates of the list of one kind of items."""

    #: Model name, part of the URL names and of the row's template.
    kind: str
    filters: type[ItemFilter]
    title: str | Promise
    icon: str
    #: Text for a number of items, with %(shown)s and a plural form for "number".
    count: Any
    add: str | Promise
    #: Label of the group of items with a past date.
    past: str | Promise
    #: Title and text of the empty list.
    empty: str | Promise
    hint: str | Promise

    @property
    def row(self) -> str:
        """The template of a row."""
        return f"customers/includes/_{self.kind}.html"

    @property
    def add_url(self) -> str:
        """The page for adding an item."""
        return reverse(f"customers:{self.kind}_add_to")


PROJECTS = Listing(
    "project",
    ProjectFilter,
    title=_("Projects"),
    icon="briefcase",
    count=ngettext_lazy("%(shown)s project", "%(shown)s projects", "number"),
    add=_("Add project"),
    past=_("Overdue"),
    empty=_("No projects yet"),
    hint=_("A project collects the tasks of one job and can be reviewed by the customer."),
)
TASKS = Listing(
    "task",
    TaskFilter,
    title=_("Tasks"),
    icon="clipboard-document-list",
    count=ngettext_lazy("%(shown)s task", "%(shown)s tasks", "number"),
    add=_("Add task"),
    past=_("Overdue"),
    empty=_("No tasks"),
    hint=_("Note what is to be done for a customer, by when and by whom. Due tasks also appear on the dashboard."),
)
DOMAINS = Listing(
    "domain",
    DomainFilter,
    title=_("Domains"),
    icon="globe-alt",
    count=ngettext_lazy("%(shown)s domain", "%(shown)s domains", "number"),
    add=_("Add domain"),
    past=_("Expired"),
    empty=_("No domains yet"),
    hint=_("Add your customers’ domains to see in time which ones expire."),
)
CONTRACTS = Listing(
    "contract",
    ContractFilter,
    title=_("Contracts"),
    icon="document-text",
    count=ngettext_lazy("%(shown)s contract", "%(shown)s contracts", "number"),
    add=_("Add contract"),
    past=_("Past end date"),
    empty=_("No contracts yet"),
    hint=_("Add contracts to see their value per year, and by when they can be cancelled."),
)


@agency_view(methods=("GET",))
def project_list(request: AgencyRequest) -> HttpResponse:
    return _list(request, PROJECTS)


@agency_view(methods=("GET",))
def task_list(request: AgencyRequest) -> HttpResponse:
    return _list(request, TASKS)


@agency_view(methods=("GET",))
def domain_list(request: AgencyRequest) -> HttpResponse:
    return _list(request, DOMAINS)


@agency_view(methods=("GET",))
def contract_list(request: AgencyRequest) -> HttpResponse:
    return _list(request, CONTRACTS)


@agency_view()
def project_add_to(request: AgencyRequest) -> HttpResponse:
    return _select_customer(request, PROJECTS)


@agency_view()
def task_add_to(request: AgencyRequest) -> HttpResponse:
    return _select_customer(request, TASKS)


@agency_view()
def domain_add_to(request: AgencyRequest) -> HttpResponse:
    return _select_customer(request, DOMAINS)


@agency_view()
def contract_add_to(request: AgencyRequest) -> HttpResponse:
    return _select_customer(request, CONTRACTS)


def _list(request: AgencyRequest, listing: Listing) -> HttpResponse:
    """Show the items of one kind across all customers, by date."""
    filters = listing.filters(request.GET, agency=request.agency, user=request.user, team=request.team)
    rows, totals = filters.listed()
    page = keyset_page(request, rows, order_by=("sort_date", "pk"))
    # A search for frequent words can count less than it finds.
    count = max(totals.count, len(page.items)) if totals.is_more else totals.count
    shown = number_format(count, force_grouping=True) + "+" * totals.is_more
    context = {
        "page": page,
        "filters": filters,
        "listing": listing,
        "across": True,
        "message": "",
        "totals": totals,
        "count": listing.count % {"number": count, "shown": shown},
        "is_unused": not totals.count and not filters.is_set and not getattr(request.agency, f"{listing.kind}s").exists(),
        "outlook": filters.outlook if isinstance(filters, ContractFilter) else None,
        "groups": date_groups(page.items, totals, past=str(listing.past)) if filters.is_by_date else [],
    }
    return render(request, "customers/item_list.html", context)


def _select_customer(request: AgencyRequest, listing: Listing) -> HttpResponse:
    """Let the member select the customer of a new item. The item's form leads back to the list."""
    back = reverse(f"customers:{listing.kind}_list")

    def select(customer: Customer) -> HttpResponse:
        form = reverse(f"customers:{listing.kind}_add", args=[customer.pk])
        return redirect(f"{form}?{urlencode({'next': back})}")

    context = {"listing": listing, "back": back}
    return picker_page(request, select=select, fields={}, template="customers/select_customer.html", context=context)
