"""The portal's menu: its items, the active one, and badges with numbers of open objects."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.models import Task
from invitations.messages.queries import unread_threads
from invitations.models import AccessInvitation
from invitations.queries import pending_invitations, pending_rows
from partnerportal.agencies.access import AgencyRequest
from partnerportal.agencies.models import Agency
from partnerportal.core.addresses import address
from partnerportal.core.compiled import compiled
from partnerportal.core.db_functions import CappedCount
from partnerportal.desk.saved_views.counts import count_rows
from partnerportal.desk.saved_views.lists import LISTS, list_at
from partnerportal.desk.saved_views.queries import ShownView, shown_rows, shown_views
from requests_inbox.models import ContactRequest
from reviews.models import Review

#: A review counts as new for this many days.
NEW_REVIEW_DAYS = 7
#: Maximum number on a badge. More are displayed as “99+”.
MAX_BADGE = 99


@dataclass(frozen=True)
class Moment:
    """The time for which badges are counted. Attributes are expressions in compiled queries."""

    now: Any
    today: Any
    #: Since when reviews are new.
    recently: Any
    #: Key of the membership of the person who sees the badges. None where no badge depends on it.
    member: Any = None

    @classmethod
    def current(cls) -> "Moment":
        now = timezone.now()
        return cls(now, timezone.localdate(now), now - timedelta(days=NEW_REVIEW_DAYS))


@dataclass(frozen=True)
class Badge:
    """Number of open objects, shown beside a menu item."""

    #: Returns the open objects of all agencies at a moment.
    rows: Callable[[Any], QuerySet[Any]]
    label: Any
    #: Returns a subquery for the first rows, which the item's own page shows; `restore_preview` turns its value into objects.
    preview: Callable[[Any], Any] | None = None
    restore_preview: Callable[[Any], list[Any]] = list

    def count(self, at: "Moment") -> CappedCount:
        """Return a subquery that counts the rows of the agency in the outer query, up to one more than `MAX_BADGE`."""
        return CappedCount(self.rows(at).filter(agency=OuterRef("pk")), MAX_BADGE + 1)


def badge_text(count: int, label: Any) -> tuple[int | str, str]:
    """Return a number as displayed on a badge, and its label."""
    number = min(count, MAX_BADGE)
    text = str(label % {"count": number})
    return (number, text) if count == number else (f"{number}+", text.replace(str(number), f"{number}+"))


@dataclass(frozen=True)
class PinnedView:
    """A saved view below the menu item of its list."""

    view: ShownView
    #: Whether the page shows the view, and nothing else.
    active: bool
    badge: int | str | None
    badge_label: str


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
    #: Number of open objects, or “99+”.
    badge: int | str | None = None
    badge_label: str = ""
    #: The first open objects; only set on the item's own page.
    preview_rows: list[Any] | None = None

    @property
    def is_group(self) -> bool:
        """Whether the item is only a heading for its children."""
        return not self.url_name


def new_reviews(recently: Any) -> QuerySet[Review]:
    """Return reviews of all agencies since `recently`, except withdrawn and removed ones."""
    return Review.objects.counted().filter(created_at__gte=recently)


def open_tasks() -> QuerySet[Task]:
    """Return open tasks of all agencies."""
    return Task.objects.filter(done_at__isnull=True)


def due_tasks(at: Moment | None = None) -> QuerySet[Task]:
    """Return open tasks of all agencies that are due or overdue."""
    return open_tasks().filter(sort_date__lte=(at or Moment.current()).today)


#: The menu. Labels and badges are filled in by menu_for().
MENU = (
    Item(_("Dashboard"), "home", "desk:dashboard"),
    Item(
        _("Customers"),
        "users",
        "customers:list",
        children=(Item(_("Add Customer"), "plus", "customers:add"),),
        badge_source=Badge(
            lambda at: AccessInvitation.objects.pending(at.now),
            ngettext_lazy("%(count)d pending invitation", "%(count)d pending invitations", "count"),
            lambda at: pending_rows(at.now),
            pending_invitations,
        ),
    ),
    Item(
        _("Requests"),
        "inbox",
        "requests_inbox:list",
        badge_source=Badge(
            lambda at: ContactRequest.objects.waiting(),
            ngettext_lazy("%(count)d request waiting for a reply", "%(count)d requests waiting for a reply", "count"),
        ),
    ),
    Item(
        _("Messages"),
        "chat-bubble-left-right",
        "invitations:message_list",
        badge_source=Badge(
            lambda at: unread_threads(at.member),
            ngettext_lazy("%(count)d conversation with new messages", "%(count)d conversations with new messages", "count"),
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
                badge_source=Badge(
                    lambda at: new_reviews(at.recently), ngettext_lazy("%(count)d new review", "%(count)d new reviews", "count")
                ),
            ),
            Item(_("Team"), "user-group", "agencies:team"),
            Item(_("Sent e-mails"), "envelope", "desk:mail_list"),
        ),
    ),
)


class Menu(list[Item]):
    """The items, and the address of the agency's logo, which is empty without one."""

    logo_url = ""
    #: Address of the active item, or empty.
    active_url = ""

    def __init__(self, items: Iterable[Item], views: list[ShownView], pinned: dict[str, list[PinnedView]]) -> None:
        super().__init__(items)
        #: The saved views of the page's list, and all pinned ones.
        self.views = views
        #: The pinned views by the URL name of their list.
        self.pinned = pinned


def menu_items(active_url: str, **details: dict[str, Any]) -> list[Item]:
    """Return the items with their addresses. `details` are further values by URL name."""

    def filled(item: Item) -> Item:
        url = address(item.url_name) if item.url_name else ""
        children = tuple(filled(child) for child in item.children)
        return replace(item, url=url, active=bool(url) and url == active_url, children=children, **details.get(item.url_name, {}))

    return [filled(item) for item in MENU]


def menu_for(request: AgencyRequest) -> Menu:
    """Return the menu with the active item marked. All badges are counted with one query, which also reads the logo."""
    urls = {item.url_name: address(item.url_name) for item in flat_menu() if item.url_name}
    # The active item is the one whose URL is the longest prefix of the path.
    active = max((url for url in urls.values() if request.path.startswith(url)), key=len, default="")
    previews = [name for name, badge in BADGES.items() if badge.preview and urls[name] == request.path]
    at = Moment.current()
    listed = list_at(request.path)
    ((slug, digest, rows, *values),) = menu_values(
        *previews,
        agency=request.agency.pk,
        member=request.membership.pk,
        list_name=listed.name.value if listed else "",
        now=at.now,
        today=at.today,
        recently=at.recently,
    )
    details: dict[str, dict[str, Any]] = {}
    for (name, badge), count in zip(BADGES.items(), values, strict=False):
        shown, label = badge_text(count, badge.label) if count else (None, "")
        details[name] = {"badge": shown, "badge_label": label}
    for name, value in zip(previews, values[len(BADGES) :], strict=True):
        details[name]["preview_rows"] = BADGES[name].restore_preview(value)
    views = shown_views(rows)
    menu = Menu(menu_items(active, **details), views, pinned_views(request, views))
    menu.active_url = active
    menu.logo_url = reverse("network:logo", args=[slug, digest]) if digest else ""
    return menu


def pinned_views(request: AgencyRequest, views: list[ShownView]) -> dict[str, list[PinnedView]]:
    """Return the pinned ones of the views with their numbers of rows, by the URL name of their list."""
    shown = [view for view in views if view.position]
    counts = count_rows(shown, member=request.membership, team=request.team, limit=MAX_BADGE + 1)
    pinned: dict[str, list[PinnedView]] = {}
    for view, count in zip(shown, counts, strict=True):
        listed = LISTS[view.list_name]
        active = request.path == listed.url and request.GET.get("view") == str(view.pk)
        badge, label = badge_text(count, listed.count) if count else (None, "")
        pinned.setdefault(listed.url_name, []).append(PinnedView(view, active, badge, label))
    return pinned


def flat_menu(items: tuple[Item, ...] = MENU) -> list[Item]:
    """Return the items of the menu and of its submenus."""
    return [entry for item in items for entry in (item, *flat_menu(item.children))]


#: The badges by the URL name of their item.
BADGES = {item.url_name: item.badge_source for item in flat_menu() if item.badge_source}


@compiled
def menu_values(
    *previews: str, agency: Any, member: Any, list_name: Any, now: Any, today: Any, recently: Any
) -> QuerySet[Any, tuple[Any, ...]]:
    """Return one row: the slug and logo of the profile, the saved views, the counts of all badges, and the first rows of `previews`."""
    at = Moment(now, today, recently, member)
    columns = [*(badge.count(at) for badge in BADGES.values()), *(BADGES[name].preview(at) for name in previews)]  # type: ignore[misc]
    return Agency.objects.filter(pk=agency).values_list("profile__slug", "profile__logo_digest", shown_rows(member, list_name), *columns)
