"""The portal's menu: its items, the active one, and badges with numbers of open objects."""

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
    """Number of open objects, shown beside a menu item."""

    #: Returns the open objects of all agencies.
    rows: Callable[[], QuerySet[Any]]
    label: Any
    #: Returns a subquery for the first rows, which the item's own page shows; `restore_preview` turns its value into objects.
    preview: Callable[[], Any] | None = None
    restore_preview: Callable[[Any], list[Any]] = list

    def count(self) -> Coalesce:
        """Return a subquery that counts the rows of the agency in the outer query."""
        counted = self.rows().filter(agency=OuterRef("pk")).order_by().values("agency").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(counted), Value(0), output_field=IntegerField())


@dataclass(frozen=True)
class Item:
    """An item of the menu."""

    label: str | Promise
    icon: str
    url_name: str = ""
    children: tuple["Item", ...] = ()
    badge_source: Badge | None = None
    url: str = ""
    active: bool = False
    badge: int | None = None
    badge_label: str = ""
    #: The first open objects; only set on the item's own page.
    preview_rows: list[Any] | None = None

    @property
    def is_group(self) -> bool:
        """Whether the item is only a heading for its children."""
        return not self.url_name


def new_reviews() -> QuerySet[Review]:
    """Return recent reviews of all agencies, except withdrawn and removed ones."""
    return Review.objects.counted().filter(created_at__gte=timezone.now() - timedelta(days=NEW_REVIEW_DAYS))


def open_tasks() -> QuerySet[Task]:
    """Return open tasks of all agencies."""
    return Task.objects.filter(done_at__isnull=True)


def due_tasks() -> QuerySet[Task]:
    """Return open tasks of all agencies that are due or overdue."""
    return open_tasks().filter(sort_date__lte=timezone.localdate())


#: The menu. Labels and badges are filled in by menu_for().
MENU = (
    Item(_("Dashboard"), "home", "desk:dashboard"),
    Item(
        _("Customers"),
        "users",
        "customers:list",
        children=(Item(_("Add Customer"), "plus", "customers:add"),),
        badge_source=Badge(
            AccessInvitation.objects.pending,
            ngettext_lazy("%(count)d pending invitation", "%(count)d pending invitations", "count"),
            pending_rows,
            pending_invitations,
        ),
    ),
    Item(
        _("Requests"),
        "inbox",
        "requests_inbox:list",
        badge_source=Badge(
            ContactRequest.objects.awaiting_reply,
            ngettext_lazy("%(count)d request waiting for a reply", "%(count)d requests waiting for a reply", "count"),
        ),
    ),
    Item(_("Projects"), "briefcase", "customers:project_list"),
    Item(
        _("Tasks"),
        "clipboard-document-list",
        "customers:task_list",
        badge_source=Badge(due_tasks, ngettext_lazy("%(count)d task due", "%(count)d tasks due", "count")),
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
                badge_source=Badge(new_reviews, ngettext_lazy("%(count)d new review", "%(count)d new reviews", "count")),
            ),
            Item(_("Team"), "user-group", "agencies:team"),
            Item(_("Sent e-mails"), "envelope", "agencies:mail_list"),
        ),
    ),
)


class Menu(list[Item]):
    """The items, and the address of the agency's logo, which is empty without one."""

    logo_url = ""


def menu_for(request: AgencyRequest) -> Menu:
    """Return the menu with the active item marked. All badges are counted with one query, which also reads the logo."""
    urls = {item.url_name: reverse(item.url_name) for item in flat_menu() if item.url_name}
    # The active item is the one whose URL is the longest prefix of the path.
    active = max((url for url in urls.values() if request.path.startswith(url)), key=len, default="")
    badges = {item.url_name: item.badge_source for item in flat_menu() if item.badge_source}
    previews = {name: badge.preview() for name, badge in badges.items() if badge.preview and urls[name] == request.path}
    columns = [*(badge.count() for badge in badges.values()), *previews.values()]
    slug, digest, *values = Agency.objects.filter(pk=request.agency.pk).values_list("profile__slug", "profile__logo_digest", *columns).get()
    counts = dict(zip(badges, values, strict=False))
    rows = {name: badges[name].restore_preview(value) for name, value in zip(previews, values[len(badges) :], strict=True)}

    def filled(item: Item) -> Item:
        url, count = urls.get(item.url_name, ""), counts.get(item.url_name)
        label = str(item.badge_source.label % {"count": count}) if item.badge_source and count else ""
        return replace(
            item,
            url=url,
            active=bool(url) and url == active,
            badge=count or None,
            badge_label=label,
            children=tuple(filled(child) for child in item.children),
            preview_rows=rows.get(item.url_name),
        )

    menu = Menu(filled(item) for item in MENU)
    menu.logo_url = reverse("network:logo", args=[slug, digest]) if digest else ""
    return menu


def flat_menu(items: tuple[Item, ...] = MENU) -> list[Item]:
    """Return the items of the menu and of its submenus."""
    return [entry for item in items for entry in (item, *flat_menu(item.children))]
