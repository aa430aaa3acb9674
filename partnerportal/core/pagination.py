"""Keyset pagination: deep pages are as fast as the first.

A page starts after the last row of the previous one (`WHERE (a, b) > (x, y)`) instead of at an
offset, see <https://use-the-index-luke.com/no-offset>. The position is part of the query string.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldError, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest

from partnerportal.core.compiled import Parameter, compiled, planned
from partnerportal.core.db_functions import CappedCount

M = TypeVar("M", bound=Model)

#: Rows per page.
PAGE_SIZE = 25
#: Maximum exact number of results. Larger ones are displayed as “1,000+”.
COUNT_LIMIT = 1_000


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of rows, and the query strings of its neighbours (empty if there are none)."""

    items: list[M]
    previous_url: str
    next_url: str
    #: Number of rows on all pages, up to one more than `COUNT_LIMIT`; None if unknown.
    total: int | None = None

    def __bool__(self) -> bool:
        return bool(self.items)


@dataclass(frozen=True)
class Rows(Generic[M]):
    """The queryset that `build` returns for `choice` and `values`, whose pages are compiled once; see `compiled`."""

    build: Callable[..., QuerySet[M]]
    choice: tuple[Any, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    #: Whether the query of a page also counts the rows of all pages.
    is_counted: bool = False
    #: Whether the best plan depends on how many rows match a filter.
    is_filtered: bool = False

    def queryset(self) -> QuerySet[M]:
        """Return the queryset with the values."""
        return self.build(*self.choice, **self.values)


def keyset_page(request: HttpRequest, rows: QuerySet[M] | Rows[M], *, order_by: tuple[str, ...], size: int = PAGE_SIZE) -> Page[M]:
    """Return the page at the request's `after` or `before`, or the first one, with one query.

    The last column of `order_by` must be unique, and none can be NULL.

    Raises:
        Http404: The position in the query string is invalid.
    """
    backwards = "before" in request.GET
    position = request.GET.get("before") or request.GET.get("after")
    ordering = tuple(_reversed(name) for name in order_by) if backwards else order_by
    try:
        place = _decode(position, len(ordering)) if position else []
        # Fetches one additional row, to know whether there is another page.
        items = _compiled_rows(rows, ordering, size + 1, place) if isinstance(rows, Rows) else list(_first(rows, ordering, size + 1, place))
    except (ValueError, TypeError, ValidationError, FieldError) as error:
        raise Http404("no such page") from error
    page = _page(request, items, order_by=order_by, size=size, backwards=backwards, position=position)
    if not (isinstance(rows, Rows) and rows.is_counted):
        return page
    # An empty page that isn't the first one doesn't tell how many rows there are.
    return replace(page, total=page.items[0].total_rows if page.items else None if position else 0)  # type: ignore[attr-defined]


def is_first_page(request: HttpRequest) -> bool:
    """Return whether the request is for the first page."""
    return not (request.GET.get("before") or request.GET.get("after"))


def first_page(request: HttpRequest, items: list[M], *, order_by: tuple[str, ...], size: int = PAGE_SIZE) -> Page[M]:
    """Return the first page, whose `size` + 1 rows were fetched by a compiled query."""
    return _page(request, items, order_by=order_by, size=size, backwards=False, position=None)


def _page(request: HttpRequest, items: list[M], *, order_by: tuple[str, ...], size: int, backwards: bool, position: str | None) -> Page[M]:
    more, items = len(items) > size, items[:size]
    if backwards:
        items.reverse()
    has_previous, has_next = (more, True) if backwards else (bool(position), more)
    columns = [name.lstrip("-") for name in order_by]
    return Page(
        items=items,
        previous_url=_url(request, "before", items[0], columns) if items and has_previous else "",
        next_url=_url(request, "after", items[-1], columns) if items and has_next else "",
    )


def capped_count(queryset: QuerySet[Any]) -> tuple[int, bool]:
    """Return the number of rows, up to `COUNT_LIMIT`, and whether there are more."""
    count = queryset.order_by()[: COUNT_LIMIT + 1].count()
    return min(count, COUNT_LIMIT), count > COUNT_LIMIT


def _first(rows: QuerySet[M], ordering: tuple[str, ...], number: int, place: Sequence[Any]) -> QuerySet[M]:
    """Return the first rows, or those after a place."""
    rows = rows.order_by(*ordering)
    return (rows.filter(_after(ordering, place)) if place else rows)[:number]


def _compiled_rows(rows: Rows[M], ordering: tuple[str, ...], number: int, place: Sequence[Any]) -> list[M]:
    values = dict(rows.values)
    if place:
        # The values of compiled queries aren't converted. Those in the address can have any type.
        columns = _columns(rows.build, rows.choice, tuple(rows.values), ordering)
        values |= {f"place_{n}": column.to_python(value) for n, (column, value) in enumerate(zip(columns, place, strict=True))}
    read = filtered_page_rows if rows.is_filtered else page_rows
    return read(rows.build, rows.choice, ordering, number, bool(place), rows.is_counted, **values)


def _page_rows(
    build: Callable[..., QuerySet[Any]],
    choice: tuple[Any, ...],
    ordering: tuple[str, ...],
    number: int,
    is_deep: bool,
    is_counted: bool,
    /,
    **values: Any,
) -> QuerySet[Any]:
    """Return the rows of a page of `Rows`, each with the number of all rows as `total_rows` if they are counted."""
    place = [values.pop(f"place_{n}") for n in range(len(ordering) if is_deep else 0)]
    rows = build(*choice, **values)
    if is_counted:
        rows = rows.annotate(total_rows=CappedCount(rows, COUNT_LIMIT + 1))
    return _first(rows, ordering, number, place)


page_rows, filtered_page_rows = compiled(_page_rows), planned(_page_rows)


@lru_cache(maxsize=1024)
def _columns(build: Callable[..., QuerySet[Any]], choice: tuple[Any, ...], names: tuple[str, ...], ordering: tuple[str, ...]) -> list[Any]:
    """Return the fields of the columns that rows are sorted by."""
    model = build(*choice, **{name: Parameter(name) for name in names}).model._meta
    fields = [model.pk if name.lstrip("-") == "pk" else model.get_field(name.lstrip("-")) for name in ordering]
    return [getattr(field, "output_field", field) for field in fields]


def _reversed(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _after(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition a > x OR (a = x AND b > y) …, with a range on the first column for the index."""
    condition = Q()
    for index, name in reversed(list(enumerate(ordering))):
        column, comparison = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        beyond = Q(**{f"{column}__{comparison}": values[index]})
        condition = beyond | (Q(**{column: values[index]}) & condition) if condition else beyond
    if len(ordering) > 1:
        lead, comparison = ordering[0].lstrip("-"), "lte" if ordering[0].startswith("-") else "gte"
        condition &= Q(**{f"{lead}__{comparison}": values[0]})
    return condition


def _url(request: HttpRequest, direction: str, row: Model, columns: list[str]) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    query.pop("before", None)
    query[direction] = _encode([getattr(row, column) for column in columns])
    return f"?{query.urlencode()}"


def _encode(values: list[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime | date) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, default=str).encode()).decode().rstrip("=")


def _decode(position: str, length: int) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(position + "=" * (-len(position) % 4)))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("not a position") from error
    if not isinstance(values, list) or len(values) != length or any(not isinstance(v, str | int) for v in values):
        raise ValueError("not a position")
    if any("\x00" in v.encode().decode() for v in values if isinstance(v, str)):  # raises ValueError for a lone surrogate
        raise ValueError("not a position")
    return values
