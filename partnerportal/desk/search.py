"""The global search over all objects of an agency, whose types `SOURCES` lists, and over the items of the menu."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, SmallIntegerField, Value
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Contract, Customer, Domain, Project
from invitations.models import AccessInvitation
from partnerportal.agencies.models import Agency, Membership
from partnerportal.core.compiled import compiled
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
    model: Any
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
        model,
        lambda agency: model.objects.for_agency(agency).exclude(customer__status=Customer.Status.ERASED),
        (name, *(f"customer__{field}" for field in _NAME)),
        lambda item: Hit(str(item), item.customer.display_name, item.customer.get_absolute_url()),
    )


SOURCES = (
    Source(
        _("Customers"),
        "users",
        Customer,
        lambda agency: Customer.objects.for_agency(agency).not_erased(),
        (*_NAME, "number", "city", "email"),
        lambda c: Hit(c.display_name, " · ".join(filter(None, [c.reference, c.city, c.email])), c.get_absolute_url()),
    ),
    Source(
        _("Requests"),
        "inbox",
        ContactRequest,
        lambda agency: ContactRequest.objects.for_agency(agency).exclude(status=RequestStatus.SPAM),
        ("id", "company", "name", "email"),
        lambda r: Hit(r.display_name, " · ".join(filter(None, [r.name if r.company else "", r.email])), r.get_absolute_url()),
    ),
    Source(
        _("Invitations"),
        "key",
        AccessInvitation,
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
        SavedView,
        lambda agency: SavedView.searchable.get_queryset().for_agency(agency),
        ("id", "list_name", "name", "query"),
        lambda view: Hit(view.name, view.get_list_name_display(), view_url(view)),
    ),
)
#: Position of the saved views, which depend on the member.
_VIEWS = len(SOURCES) - 1


def search(agency: Agency, query: str, *, member: Membership) -> list[Group]:
    """Return the groups with hits, pages last. Fuzzy matches are only used if there are no exact ones at all.

    The results contain the member's own and shared views.
    """
    pages = _pages(query)
    groups: list[Group] = []
    if words(query):
        groups = _exact(agency, query, member)
        if not groups and not pages:
            groups = _fuzzy(agency, query, member)
    return [*groups, *pages]


def _rows(agency: Any, member: Any) -> list[SearchQuerySet]:
    """Return the agency's rows of each source. The agency and the member are primary keys, or placeholders of them."""
    rows: list[Any] = [source.rows(Agency(pk=agency)) for source in SOURCES]
    return [*rows[:_VIEWS], rows[_VIEWS].visible_to(member)]


def _exact(agency: Agency, query: str, member: Membership) -> list[Group]:
    """Return the exact matches of all types, with one query for their keys and one for those shown."""
    typed = {f"word{number}": word for number, word in enumerate(words(query))}
    keys: dict[int, list[int]] = {}
    for number, key in matching_keys(agency=agency.pk, member=member.pk, **typed):
        keys.setdefault(number, []).append(key)
    if not keys:
        return []
    # Too many matches aren't ranked.
    shown = [(number, len(found) <= MAX_CANDIDATES) for number, found in sorted(keys.items())]
    return _groups(best_matches(*shown, text=" ".join(words(query)), **{f"keys{number}": tuple(found) for number, found in keys.items()}))


@compiled
def matching_keys(*, agency: Any, member: Any, **typed: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the number of the source and the key of up to `MAX_CANDIDATES` + 1 exact matches of each type."""
    parts = [
        found.containing(*typed.values()).order_by().values_list(Value(number, SmallIntegerField()), "pk")[: MAX_CANDIDATES + 1]
        for number, found in enumerate(_rows(agency, member))
    ]
    return parts[0].union(*parts[1:], all=True)


@compiled
def best_matches(*shown: tuple[int, bool], text: Any, **keys: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the best of these matches, or the newest if the second value of a type in `shown` is false."""
    found = {number: _all(SOURCES[number].model).filter(pk__any=keys[f"keys{number}"]) for number, _is_ranked in shown}
    parts = [_best(number, found[number], text if is_ranked else None) for number, is_ranked in shown]
    return parts[0].union(*parts[1:], all=True)


def _all(model: Any) -> Any:
    return (model.searchable if model is SavedView else model._default_manager).all()


def _fuzzy(agency: Agency, query: str, member: Membership) -> list[Group]:
    """Return the similar objects of all types, with one query after that for similar words of customers."""
    text = " ".join(words(query))
    with fuzzy_threshold():
        similar = [(rows, rows.similar(query).order_by().values("pk")[:MAX_CANDIDATES]) for rows in _rows(agency.pk, member.pk)]
        parts = [_best(number, rows.filter(pk__in=keys), text) for number, (rows, keys) in enumerate(similar)]
        return _groups(parts[0].union(*parts[1:], all=True))


def _best(number: int, rows: SearchQuerySet, text: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the number of the source and the fields of the rows most similar to the text; without a text, of the newest."""
    ordered = rows.order_by("-pk") if text is None else rows.ranked_by(text).order_by("-rank", "-pk")
    columns = JSONObject(**{field: field for field in SOURCES[number].fields})
    return ordered.values_list(Value(number, SmallIntegerField()), columns)[:MAX_HITS]


def _groups(rows: Iterable[tuple[Any, ...]]) -> list[Group]:
    """Return the groups of these rows of `_best`, in the order of the sources."""
    hits: dict[int, list[Hit]] = {}
    for number, values in rows:
        hits.setdefault(number, []).append(SOURCES[number].hit(_object(SOURCES[number].model, values)))
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
