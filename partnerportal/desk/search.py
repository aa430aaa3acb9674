"""The global search over all objects of an agency, whose types `SOURCES` lists, and over the items of the menu."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import SmallIntegerField, Value
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Contract, Customer, Domain, Project
from invitations.models import AccessInvitation
from partnerportal.agencies.models import Agency, Membership
from partnerportal.core.search import MAX_CANDIDATES, SearchQuerySet, fuzzy_threshold, words
from partnerportal.desk.menu import flat_menu
from partnerportal.desk.saved_views.lists import view_url
from partnerportal.desk.saved_views.models import SavedView
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
    """A type of objects to search: the rows of an agency, and their display as a hit, which reads only these fields."""

    title: str | Promise
    icon: str
    rows: Callable[[Agency], SearchQuerySet]
    fields: tuple[str, ...]
    hit: Callable[[Any], Hit]


@dataclass(frozen=True)
class Group:
    """The hits of one type."""

    title: str | Promise
    icon: str
    hits: list[Hit]


#: Fields of a customer's name.
_NAME = ("id", "status", "kind", "company", "last_name", "first_name")


def _customer_items(title: str | Promise, icon: str, model: Any, name: str) -> Source:
    """Return a source for items of customers, whose hits link to the customer."""
    return Source(
        title,
        icon,
        lambda agency: model.objects.for_agency(agency).exclude(customer__status=Customer.Status.ERASED),
        (name, *(f"customer__{field}" for field in _NAME)),
        lambda item: Hit(str(item), item.customer.display_name, item.customer.get_absolute_url()),
    )


SOURCES = (
    Source(
        _("Customers"),
        "users",
        lambda agency: Customer.objects.for_agency(agency).not_erased(),
        (*_NAME, "number", "city", "email"),
        lambda c: Hit(c.display_name, " · ".join(filter(None, [c.reference, c.city, c.email])), c.get_absolute_url()),
    ),
    Source(
        _("Requests"),
        "inbox",
        lambda agency: ContactRequest.objects.for_agency(agency).exclude(status=RequestStatus.SPAM),
        ("id", "company", "name", "email"),
        lambda r: Hit(r.display_name, " · ".join(filter(None, [r.name if r.company else "", r.email])), r.get_absolute_url()),
    ),
    Source(
        _("Invitations"),
        "key",
        lambda agency: AccessInvitation.objects.for_agency(agency).visible(),
        ("id", "company", "name", "scope", "areas", "status", "expires_at"),
        lambda i: Hit(i.display_name, f"{i.access_label} · {i.get_current_status_display()}", i.get_absolute_url()),
    ),
    _customer_items(_("Domains"), "globe-alt", Domain, "unicode_name"),
    _customer_items(_("Contracts"), "document-text", Contract, "number"),
    _customer_items(_("Projects"), "briefcase", Project, "title"),
    Source(
        _("Saved views"),
        "bookmark",
        lambda agency: SavedView.searchable.get_queryset().for_agency(agency),
        ("id", "list_name", "name", "query"),
        lambda view: Hit(view.name, view.get_list_name_display(), view_url(view)),
    ),
)
#: Position of the saved views, which depend on the member.
_VIEWS = len(SOURCES) - 1


def search(agency: Agency, query: str, *, member: Membership | None = None) -> list[Group]:
    """Return the groups with hits, pages last. Fuzzy matches are only used if there are no exact ones at all.

    With a member, the results contain the member's own and shared views.
    """
    pages = _pages(query)
    groups: list[Group] = []
    if words(query):
        rows: dict[int, Any] = {number: source.rows(agency) for number, source in enumerate(SOURCES)}
        rows[_VIEWS] = rows[_VIEWS].visible_to(member) if member else rows[_VIEWS].none()
        groups = _exact(rows, query)
        if not groups and not pages:
            groups = _fuzzy(rows, query)
    return [*groups, *pages]


def _exact(rows: dict[int, SearchQuerySet], query: str) -> list[Group]:
    """Return the exact matches of all types, with one query for their keys and one for those shown."""
    parts = [
        found.matching(query).order_by().values_list(Value(number, SmallIntegerField()), "pk")[: MAX_CANDIDATES + 1]
        for number, found in rows.items()
    ]
    keys: dict[int, list[int]] = {}
    for number, key in parts[0].union(*parts[1:], all=True):
        keys.setdefault(number, []).append(key)
    return _groups({number: _all(rows[number].model).filter(pk__in=found) for number, found in keys.items()}, query, keys)


def _all(model: Any) -> Any:
    return (model.searchable if model is SavedView else model._default_manager).all()


def _fuzzy(rows: dict[int, SearchQuerySet], query: str) -> list[Group]:
    """Return the similar objects of all types, with one query after that for similar words of customers."""
    with fuzzy_threshold():
        similar = {number: found.similar(query).order_by().values("pk")[:MAX_CANDIDATES] for number, found in rows.items()}
        return _groups({number: rows[number].filter(pk__in=keys) for number, keys in similar.items()}, query, {})


def _groups(rows: dict[int, SearchQuerySet], query: str, keys: dict[int, list[int]]) -> list[Group]:
    """Return the best matches of each type, or the newest if there are too many keys to rank, with one query."""
    parts = []
    for number, found in rows.items():
        is_ranked = len(keys.get(number, ())) <= MAX_CANDIDATES
        ordered = found.ranked(query).order_by("-rank", "-pk") if is_ranked else found.order_by("-pk")
        columns = JSONObject(**{field: field for field in SOURCES[number].fields})
        parts.append(ordered.values_list(Value(number, SmallIntegerField()), columns)[:MAX_HITS])
    hits: dict[int, list[Hit]] = {}
    for number, values in parts[0].union(*parts[1:], all=True) if parts else ():
        hits.setdefault(number, []).append(SOURCES[number].hit(_object(rows[number].model, values)))
    return [Group(SOURCES[number].title, SOURCES[number].icon, found) for number, found in sorted(hits.items())]


def _object(model: Any, values: dict[str, Any]) -> Any:
    """Return an object with these fields from JSON, some of them of its customer."""
    fields: dict[str, Any] = {}
    customer = {name.removeprefix("customer__"): value for name, value in values.items() if name.startswith("customer__")}
    if customer:
        fields["customer"] = _object(Customer, customer)
    for name in values.keys() - {f"customer__{field}" for field in customer}:
        fields[name] = model._meta.get_field(name).to_python(values[name])
    return model(**fields)


def _pages(query: str) -> list[Group]:
    """Return the menu items that start with the query, such as “Add Customer”, or have a word that does."""
    typed = query.strip().casefold()
    items = [item for item in flat_menu() if item.url_name and typed and f" {item.label}".casefold().find(f" {typed}") >= 0]
    hits = [Hit(str(item.label), "", reverse(item.url_name)) for item in items]
    return [Group(_("Pages and actions"), "arrow-right-circle", hits[:MAX_HITS])] if hits else []
