"""The global search: one box over everything an agency keeps. An app adds its objects in `SOURCES`, in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import F, Q, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from customers.search import LONGEST_QUERY, Fold
from partnerportal.agencies.models import Agency

#: So many hits of each kind are shown.
HITS = 6


@dataclass(frozen=True)
class Hit:
    """One object that was found."""

    title: str
    note: str
    url: str


@dataclass(frozen=True)
class Source:
    """One kind of object: how it is found, and how a hit reads."""

    title: str | Promise
    icon: str
    find: Callable[[Agency, str], QuerySet[Any]]
    hit: Callable[[Any], Hit]


@dataclass(frozen=True)
class Group:
    """The hits of one kind."""

    title: str | Promise
    icon: str
    hits: list[Hit]


def _customers(agency: Agency, query: str) -> QuerySet[Any]:
    ids = Customer.objects.for_agency(agency).known().search(query)
    return Customer.objects.filter(pk__in=ids).ranked(query).order_by("-rank", "-number")


def _things(relation: str, *fields: str) -> Callable[[Agency, str], QuerySet[Any]]:
    """Finds an agency's things by one of their texts, accents and case ignored, the likeliest first."""

    def find(agency: Agency, query: str) -> QuerySet[Any]:
        condition = Q()
        for field in fields:
            condition |= Q(**{f"{field}__unaccent__icontains": query})
        likeness = TrigramWordSimilarity(Fold(Value(query)), F(fields[0]))  # type: ignore[arg-type]  # expressions work, too
        things: QuerySet[Any] = getattr(agency, relation).exclude(customer__status=Customer.Status.ERASED)
        found: QuerySet[Any] = things.filter(condition).annotate(rank=likeness)
        return found.select_related("customer").order_by("-rank", "-pk")

    return find


def _of_customer(thing: Any) -> Hit:
    return Hit(str(thing), thing.customer.display_name, thing.customer.get_absolute_url())


SOURCES = (
    Source(
        _("Customers"),
        "users",
        _customers,
        lambda c: Hit(c.display_name, " · ".join(filter(None, [c.reference, c.city, c.email])), c.get_absolute_url()),
    ),
    Source(
        _("Invitations"),
        "key",
        _things("access_invitations", "company", "name", "client__email"),
        lambda i: Hit(i.who, f"{i.access_label} · {i.get_state_display()}", i.get_absolute_url()),
    ),
    Source(_("Domains"), "globe-alt", _things("domains", "unicode_name", "name"), _of_customer),
    Source(_("Contracts"), "document-text", _things("contracts", "number", "product"), _of_customer),
    Source(_("Projects"), "briefcase", _things("projects", "title"), _of_customer),
)


def search(agency: Agency, typed: str) -> list[Group]:
    """The groups that have hits; none for an empty query."""
    query = typed.replace("\x00", "")[:LONGEST_QUERY].strip()
    if not query:
        return []
    groups = [Group(source.title, source.icon, [source.hit(row) for row in source.find(agency, query)[:HITS]]) for source in SOURCES]
    return [group for group in groups if group.hits]
