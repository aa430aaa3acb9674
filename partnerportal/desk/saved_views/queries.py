"""The views that a page shows: those of its list, and the pinned ones of all lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject

from partnerportal.desk.saved_views.lists import view_url
from partnerportal.desk.saved_views.models import SavedView, ViewPin

_FIELDS = ("pk", "owner_id", "list_name", "name", "query", "is_shared", "position")


@dataclass(frozen=True)
class ShownView:
    """A saved view as lists and the menu show it."""

    pk: int
    owner_id: int | None
    list_name: str
    name: str
    query: str
    is_shared: bool
    #: Its place in the member's menu.
    position: int | None

    @property
    def url(self) -> str:
        """The list with the view's filters."""
        return view_url(self)


def shown_rows(member: Any, list_name: Any) -> ArraySubquery:
    """Return a subquery for the views of the outer query's agency that a page shows the member; `shown_views` reads its value.

    With it, the menu fetches them in the query that counts the badges.
    """
    position = ViewPin.objects.filter(view=OuterRef("pk"), member=member).values("position")
    views = SavedView.objects.visible_to(member).filter(agency=OuterRef("pk")).annotate(position=Subquery(position))
    shown = views.filter(Q(list_name=list_name) | Q(position__isnull=False))
    return ArraySubquery(shown.values(json=JSONObject(**{name: name for name in _FIELDS})))


def shown_views(rows: Iterable[dict[str, Any]]) -> list[ShownView]:
    """Return the rows of `shown_rows`: pinned views in their order, then the others by name."""
    views = [ShownView(**row) for row in rows]
    return sorted(views, key=lambda view: (view.position is None, view.position or 0, view.name.casefold(), view.pk))
