"""The global search: one box over everything an agency keeps. An app adds its objects in `SOURCES`, in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Contract, Customer, Domain, Project
from invitations.models import AccessInvitation
from partnerportal.agencies.models import Agency
from partnerportal.core.search import SearchQuerySet
from requests_inbox.models import ContactRequest

#: So many hits of each kind are shown.
MAX_HITS = 6


@dataclass(frozen=True)
class Hit:
    """One object that was found."""

    title: str
    note: str
    url: str


@dataclass(frozen=True)
class Source:
    """One kind of object: what is searched in, and how a hit reads."""

    title: str | Promise
    icon: str
    rows: Callable[[Agency], SearchQuerySet]
    hit: Callable[[Any], Hit]
    select_related: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """The hits of one kind."""

    title: str | Promise
    icon: str
    hits: list[Hit]


def _assigned(title: str | Promise, icon: str, model: Any) -> Source:
    """What is assigned to customers; a hit leads to the customer."""
    return Source(
        title,
        icon,
        lambda agency: model.objects.for_agency(agency).exclude(customer__status=Customer.Status.ERASED),
        lambda thing: Hit(str(thing), thing.customer.display_name, thing.customer.get_absolute_url()),
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
        lambda agency: ContactRequest.objects.for_agency(agency).exclude(status=ContactRequest.Status.SPAM),
        lambda r: Hit(r.display_name, " · ".join(filter(None, [r.name if r.company else "", r.email])), r.get_absolute_url()),
    ),
    Source(
        _("Invitations"),
        "key",
        lambda agency: AccessInvitation.objects.for_agency(agency).visible(),
        lambda i: Hit(i.display_name, f"{i.access_label} · {i.get_current_status_display()}", i.get_absolute_url()),
        select_related=("client",),
    ),
    _assigned(_("Domains"), "globe-alt", Domain),
    _assigned(_("Contracts"), "document-text", Contract),
    _assigned(_("Projects"), "briefcase", Project),
)


def search(agency: Agency, query: str) -> list[Group]:
    """The groups that have hits; what is only nearly right counts where nothing is right in any of them."""
    return _groups(agency, query, SearchQuerySet.matching) or _groups(agency, query, SearchQuerySet.fuzzy)


def _groups(agency: Agency, query: str, find: Callable[[SearchQuerySet, str], list[int]]) -> list[Group]:
    groups = []
    for source in SOURCES:
        if keys := find(source.rows(agency), query):
            rows: SearchQuerySet = source.rows(agency).model.objects.filter(pk__in=keys)
            likeliest = rows.ranked(query).select_related(*source.select_related).order_by("-rank", "-pk")
            groups.append(Group(source.title, source.icon, [source.hit(row) for row in likeliest[:MAX_HITS]]))
    return groups
