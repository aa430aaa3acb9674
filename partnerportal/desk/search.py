"""The global search over all objects of an agency, whose types `SOURCES` lists, and over the items of the menu."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import SmallIntegerField, Value
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Contract, Customer, Domain, Project
from invitations.models import AccessInvitation
from partnerportal.agencies.models import Agency
from partnerportal.core.search import MAX_CANDIDATES, SearchQuerySet, words
from partnerportal.desk.menu import flat_menu
from requests_inbox.models import ContactRequest, RequestStatus

#: Maximum number of hits shown of each type.
MAX_HITS = 6


@dataclass(frozen=True)
class Hit:
    """An object that matches the query."""

    title: str
    note: str
    url: str


@dataclass(frozen=True)
class Source:
    """A type of objects to search: the rows of an agency, and their display as a hit."""

    title: str | Promise
    icon: str
    rows: Callable[[Agency], SearchQuerySet]
    hit: Callable[[Any], Hit]
    select_related: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """The hits of one type."""

    title: str | Promise
    icon: str
    hits: list[Hit]


def _customer_items(title: str | Promise, icon: str, model: Any) -> Source:
    """Return a source for items of customers, whose hits link to the customer."""
    return Source(
        title,
        icon,
        lambda agency: model.objects.for_agency(agency).exclude(customer__status=Customer.Status.ERASED),
        lambda item: Hit(str(item), item.customer.display_name, item.customer.get_absolute_url()),
        select_related=("customer",),
    )


SOURCES = (
    Source(
        _("Customers"),
        "users",
        lambda agency: Customer.objects.for_agency(agency).not_erased(),
        lambda c: Hit(c.display_name, " · ".join(filter(None, [c.reference, c.city, c.email])), c.get_absolute_url()),
    ),
    Source(
        _("Requests"),
        "inbox",
        lambda agency: ContactRequest.objects.for_agency(agency).exclude(status=RequestStatus.SPAM),
        lambda r: Hit(r.display_name, " · ".join(filter(None, [r.name if r.company else "", r.email])), r.get_absolute_url()),
    ),
    Source(
        _("Invitations"),
        "key",
        lambda agency: AccessInvitation.objects.for_agency(agency).visible(),
        lambda i: Hit(i.display_name, f"{i.access_label} · {i.get_current_status_display()}", i.get_absolute_url()),
        select_related=("client",),
    ),
    _customer_items(_("Domains"), "globe-alt", Domain),
    _customer_items(_("Contracts"), "document-text", Contract),
    _customer_items(_("Projects"), "briefcase", Project),
)


def search(agency: Agency, query: str) -> list[Group]:
    """Return the groups with hits, pages last. Fuzzy matches are only used if there are no exact ones at all."""
    sources = [source.rows(agency) for source in SOURCES]
    # One query for the exact matches of all types.
    first, *others = (
        rows.matching(query).order_by().values_list(Value(number, SmallIntegerField()), "pk")[: MAX_CANDIDATES + 1]
        for number, rows in enumerate(sources)
    )
    keys: dict[int, list[int]] = {number: [] for number in range(len(sources))}
    for number, key in first.union(*others, all=True) if words(query) else ():
        keys[number].append(key)
    pages = _pages(query)
    if not pages and not any(keys.values()):
        keys = {number: rows.fuzzy(query).candidates() for number, rows in enumerate(sources)}
    return [*(_group(SOURCES[number], sources[number].model, query, found) for number, found in keys.items() if found), *pages]


def _pages(query: str) -> list[Group]:
    """Return the menu items that start with the query, such as “Add Customer”, or have a word that does."""
    typed = query.strip().casefold()
    items = [item for item in flat_menu() if item.url_name and typed and f" {item.label}".casefold().find(f" {typed}") >= 0]
    hits = [Hit(str(item.label), "", reverse(item.url_name)) for item in items]
    return [Group(_("Pages and actions"), "arrow-right-circle", hits[:MAX_HITS])] if hits else []


def _group(source: Source, model: Any, query: str, keys: list[int]) -> Group:
    """Return the best matches among these rows, or the newest if there are too many to rank."""
    rows: SearchQuerySet = model._default_manager.filter(pk__in=keys).select_related(*source.select_related)
    ranked = rows.order_by("-pk") if len(keys) > MAX_CANDIDATES else rows.ranked(query).order_by("-rank", "-pk")
    return Group(source.title, source.icon, [source.hit(row) for row in ranked[:MAX_HITS]])
