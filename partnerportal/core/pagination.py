"""Keyset paging: the thousandth page costs what the first does.

A page starts after the last row of the one before (`WHERE (a, b) > (x, y)`), not at an offset that has to be counted
off. See <https://use-the-index-luke.com/no-offset>. The position travels in the address (`?after=…` or `?before=…`), so a page
can be bookmarked.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldError, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest

M = TypeVar("M", bound=Model)

PAGE_SIZE = 25
#: A list's size is counted exactly up to here; beyond, “10,000+” has to do.
COUNT_LIMIT = 10_000


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of rows, with the addresses (query strings) of its neighbours, empty where there is none."""

    items: list[M]
    previous_url: str
    next_url: str

    def __bool__(self) -> bool:
        return bool(self.items)


def keyset_page(request: HttpRequest, queryset: QuerySet[M], *, order_by: tuple[str, ...], size: int = PAGE_SIZE) -> Page[M]:
    """The page that the request's `after` or `before` names, at first the first one; one query.

    `order_by` names columns as `QuerySet.order_by` does; the last must be unique, and none may be NULL.

    Raises:
        Http404: the position in the address isn't one of ours.
    """
    backwards = "before" in request.GET
    position = request.GET.get("before") or request.GET.get("after")
    ordering = [_reversed(name) for name in order_by] if backwards else list(order_by)
    rows = queryset.order_by(*ordering)
    if position:
        try:
            rows = rows.filter(_after(ordering, _decode(position, len(ordering))))
        except (ValueError, TypeError, ValidationError, FieldError) as error:
            raise Http404("no such page") from error
    # One row more than is shown tells whether there is a further page.
    found = list(rows[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_previous, has_next = (more, True) if backwards else (bool(position), more)
    columns = [name.lstrip("-") for name in order_by]
    return Page(
        items=found,
        previous_url=_url(request, "before", found[0], columns) if found and has_previous else "",
        next_url=_url(request, "after", found[-1], columns) if found and has_next else "",
    )


def capped_count(queryset: QuerySet[Any]) -> tuple[int, bool]:
    """How many rows there are, counted up to `COUNT_LIMIT`; and whether there are more than that."""
    count = queryset.order_by()[: COUNT_LIMIT + 1].count()
    return min(count, COUNT_LIMIT), count > COUNT_LIMIT


def _reversed(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _after(ordering: list[str], values: list[Any]) -> Q:
    """Rows after these values: a > x, or a = x and b > y, … with the leading column as a range for the index."""
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
    if any("\x00" in v.encode().decode() for v in values if isinstance(v, str)):  # half a character can't be encoded: a ValueError
        raise ValueError("not a position")
    return values
