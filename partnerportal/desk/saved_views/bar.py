"""The row of saved views above a list."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.utils.translation import gettext as _

from partnerportal.agencies.models import Membership
from partnerportal.core.addresses import address
from partnerportal.desk.saved_views.lists import ViewedList, missing_parts
from partnerportal.desk.saved_views.models import may_edit
from partnerportal.desk.saved_views.queries import ShownView

#: Number of views in the row; the others are in a menu.
IN_ROW = 5


@dataclass(frozen=True)
class ViewBar:
    """The saved views of a list, and how the shown one relates to the current filters."""

    listed: ViewedList
    #: Views in the row, and in its menu.
    views: list[ShownView]
    more: list[ShownView]
    opened: ShownView | None
    #: Normalized query string of the current filters.
    query: str
    is_modified: bool
    #: Labels of the filters of the opened view that no longer apply.
    missing: list[str]
    may_edit: bool
    #: Whether the opened view has a pinned one before or after it in the menu.
    can_move_up: bool
    can_move_down: bool

    @property
    def is_unfiltered(self) -> bool:
        """Whether the list is shown as it is without a view."""
        return self.opened is None and not self.query

    @property
    def is_outdated(self) -> bool:
        """Whether the opened view could be saved with other filters."""
        return self.is_modified or bool(self.missing)

    @property
    def add_url(self) -> str:
        """The page for saving the current filters as a new view."""
        return f"{address('desk:view_add')}?{urlencode({'list': self.listed.name.value, 'query': self.query})}"

    @property
    def save_url(self) -> str:
        """The path that stores the current filters in the opened view."""
        return f"{address('desk:view_save', self.opened.pk if self.opened else None)}?{self.query}"


def view_bar(listed: ViewedList, views: list[ShownView], filters: Any, *, member: Membership, opened: str) -> ViewBar:
    """Return the row of a list's views; `opened` is the key of the opened one in the address."""
    own = [view for view in views if view.list_name == listed.name]
    shown = next((view for view in own if str(view.pk) == opened), None)
    query: str = filters.normalized_query
    missing = missing_parts(filters, shown.query) if shown else []
    row = own[:IN_ROW]
    if shown and shown not in row:
        row[-1] = shown
    pinned = [view for view in own if view.position]
    return ViewBar(
        listed=listed,
        views=row,
        more=[view for view in own if view not in row],
        opened=shown,
        query=query,
        is_modified=bool(shown) and _without(shown.query, missing) != query,  # type: ignore[union-attr]
        missing=[_label(filters, name) for name in missing],
        may_edit=bool(shown) and may_edit(shown, member),
        can_move_up=shown in pinned[1:],
        can_move_down=shown in pinned[:-1],
    )


def _without(query: str, names: list[str]) -> str:
    return urlencode([(name, value) for name, value in parse_qsl(query) if name not in names])


def _label(filters: Any, name: str) -> str:
    return str(filters.fields[name].label) if name in filters.fields else _("a filter that no longer exists")
