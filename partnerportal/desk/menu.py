"""The left menu of the portal: which rooms there are, which one is open, and where something waits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.models import Task
from invitations.models import AccessInvitation
from invitations.queries import pending_invitations, pending_rows
from partnerportal.agencies.access import AgencyRequest
from partnerportal.agencies.models import Agency
from requests_inbox.models import ContactRequest
from reviews.models import Review

#: A review counts as new for this many days.
NEW_REVIEW_DAYS = 7


@dataclass(frozen=True)
class Badge:
    """A number beside a menu item: the rows that wait there, of the agency of the outer query."""

    rows: Callable[[], QuerySet[Any]]
    label: Any
    #: What the page itself shows of them, fetched by the same query: a subquery, and what makes rows of its value.
    first: Callable[[], Any] | None = None
    unpack: Callable[[Any], list[Any]] = list

    def count(self) -> Coalesce:
        """A subquery; all badges of the menu go into one query."""
        counted = self.rows().filter(agency=OuterRef("pk")).order_by().values("agency").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(counted), Value(0), output_field=IntegerField())


@dataclass(frozen=True)
class Item:
    """One entry of the menu, as the template shows it."""

    label: str | Promise
    icon: str
    url_name: str = ""
    children: tuple["Item", ...] = ()
    waiting: Badge | None = None
    url: str = ""
    active: bool = False
    badge: int | None = None
    badge_label: str = ""
    #: The first rows that wait, on the item's own page only.
    first_waiting: list[Any] | None = None

    @property
    def is_group(self) -> bool:
        """A heading over its children, without a page of its own."""
        return not self.url_name


def new_reviews() -> QuerySet[Review]:
    """Those of the last days, of all agencies."""
    return Review.objects.filter(created_at__gte=timezone.now() - timedelta(days=NEW_REVIEW_DAYS))


def due_tasks() -> QuerySet[Task]:
    """Open ones that are due today or were before, of all agencies."""
    return Task.objects.filter(done_at__isnull=True, sort_date__lte=timezone.localdate())


def new_invitations() -> QuerySet[AccessInvitation]:
    """Those that wait for an answer, of all agencies."""
    return AccessInvitation.objects.pending()


#: An app that gets a page for staff puts it here.
MENU = (
    Item(_("Dashboard"), "home", "desk:dashboard"),
    Item(
        _("Customers"),
        "users",
        "customers:list",
        children=(Item(_("Add Customer"), "plus", "customers:add"),),
        waiting=Badge(
            new_invitations,
            ngettext_lazy("%(count)d pending invitation", "%(count)d pending invitations", "count"),
            pending_rows,
            pending_invitations,
        ),
    ),
    Item(
        _("Requests"),
        "inbox",
        "requests_inbox:list",
        waiting=Badge(ContactRequest.objects.new, ngettext_lazy("%(count)d new request", "%(count)d new requests", "count")),
    ),
    Item(_("Projects"), "briefcase", "customers:project_list"),
    Item(
        _("Tasks"),
        "clipboard-document-list",
        "customers:task_list",
        waiting=Badge(due_tasks, ngettext_lazy("%(count)d task due", "%(count)d tasks due", "count")),
    ),
    Item(_("Domains"), "globe-alt", "customers:domain_list"),
    Item(_("Contracts"), "document-text", "customers:contract_list"),
    Item(
        _("My Company"),
        "building-office-2",
        children=(
            Item(_("Profile"), "identification", "network:company"),
            Item(
                _("Reviews"),
                "star",
                "reviews:list",
                children=(Item(_("Request review"), "paper-airplane", "reviews:request"),),
                waiting=Badge(new_reviews, ngettext_lazy("%(count)d new review", "%(count)d new reviews", "count")),
            ),
            Item(_("Team"), "user-group", "agencies:team"),
            Item(_("Sent e-mails"), "envelope", "agencies:mail_list"),
        ),
    ),
)


def menu_for(request: AgencyRequest) -> list[Item]:
    """The menu for the request's agency, with the open page marked and the badges counted in one query."""
    urls = {item.url_name: reverse(item.url_name) for item in _flat(MENU) if item.url_name}
    # The page belongs to the entry whose address is the longest beginning of its own.
    active = max((url for url in urls.values() if request.path.startswith(url)), key=len, default="")
    badges = {item.url_name: item.waiting for item in _flat(MENU) if item.waiting}
    shown = {name: badge.first() for name, badge in badges.items() if badge.first and urls[name] == request.path}
    columns = [*(badge.count() for badge in badges.values()), *shown.values()]
    found = Agency.objects.filter(pk=request.agency.pk).values_list(*columns).get()
    waiting = dict(zip(badges, found, strict=False))
    first = {name: badges[name].unpack(rows) for name, rows in zip(shown, found[len(badges) :], strict=True)}

    def filled(item: Item) -> Item:
        url, count = urls.get(item.url_name, ""), waiting.get(item.url_name)
        label = str(item.waiting.label % {"count": count}) if item.waiting and count else ""
        children = tuple(filled(child) for child in item.children)
        return replace(
            item,
            url=url,
            active=bool(url) and url == active,
            badge=count or None,
            badge_label=label,
            children=children,
            first_waiting=first.get(item.url_name),
        )

    return [filled(item) for item in MENU]


def _flat(items: tuple[Item, ...]) -> list[Item]:
    return [entry for item in items for entry in (item, *_flat(item.children))]
