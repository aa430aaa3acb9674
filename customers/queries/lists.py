"""Lists of items across customers: search, numbers and groups by date."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Case, DecimalField, F, Func, JSONField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Contract, Customer
from customers.models.items import NO_DATE
from customers.queries.contracts import per_year
from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import CappedCount, FoldText
from partnerportal.core.pagination import COUNT_LIMIT
from partnerportal.core.search import MAX_QUERY_LENGTH

#: Maximum number of words of a query; the rest is ignored.
MAX_WORDS = 8
#: Maximum number of items or customers that contain a rare word.
RARE = 1_000
#: Maximum number of items in which a search for frequent words counts its matches.
EXAMINED = 1_000
#: Labels of the groups after the first one, whose label depends on the kind of items.
GROUPS = {"today": _("Today"), "week": _("This week"), "later": _("Later"), "none": _("No date")}


@dataclass(frozen=True)
class ListTotals:
    """Numbers of a list's items, up to `COUNT_LIMIT`."""

    count: int
    #: Whether there are more, or can be more.
    is_more: bool
    #: Number of items by group; empty if there are more items than counted.
    groups: dict[str, int]
    #: Recurring value per year by currency; empty if there are more items than counted.
    yearly: dict[str, Decimal]


@dataclass(frozen=True)
class DateGroup:
    """Items of a page whose dates are in the same group."""

    key: str
    label: str | Promise
    items: list[Any]
    #: Number of items in the group on all pages; None if unknown.
    count: int | None


def search_words(query: str) -> list[str]:
    """Return the words of a query for `matching`. The longest one, which is probably the rarest, comes first."""
    return sorted(query.replace("\x00", "")[:MAX_QUERY_LENGTH].split()[:MAX_WORDS], key=len, reverse=True)


def search_items(
    items: QuerySet[Any], query: str, agency: Agency, today: date, week_end: date, sums: Any
) -> tuple[QuerySet[Any], list[list[Any]] | None, Any]:
    """Return the items that contain every word of the query, their totals for `list_totals`, and `sums`, with one query."""
    words = search_words(query)
    rare = _rare_words(items.model, words, agency)
    led = [matching(items, words, agency, lead) for lead in range(len(words))]
    # A CASE executes only the subquery whose condition applies.
    cases = (
        When(condition, then=_numbered(lead, totals_of(found, today, week_end)))
        for lead, (condition, found) in enumerate(zip(rare, led, strict=True))
    )
    frequent = _numbered(len(words), examined_totals(items, words, today, week_end) if words else totals_of(items, today, week_end))
    (((lead, totals), found_sums),) = Agency.objects.filter(pk=agency.pk).values_list(Case(*cases, default=frequent), sums)
    return [*led, matching(items, words, agency, None)][lead], totals, found_sums


def _numbered(lead: int, totals: Subquery) -> Func:
    return Func(Value(lead), totals, function="jsonb_build_array", output_field=JSONField())


def matching(items: QuerySet[Any], words: list[str], agency: Agency, lead: int | None = 0) -> QuerySet[Any]:
    """Return the items that contain every word, each either themselves or in their customer's search text.

    The word with the number `lead` is looked up in the search indexes. The others are compared in each row,
    which is faster if all are common.
    """
    for number, word in enumerate(words):
        if number == lead:
            own, customers = _found(items.model, word, agency)
            # A union, because an OR over both tables would use no index.
            items = items.filter(pk__in=own.values("pk").union(items.model.objects.filter(customer__in=customers).values("pk")))
        else:
            folded = FoldText(Value(word))
            items = items.alias(own_text=_text(items.model)).filter(
                Q(own_text__contains=folded) | Q(customer__search_text__contains=folded)
            )
    return items


def _rare_words(model: Any, words: list[str], agency: Agency) -> list[Q]:
    """Return the condition for each word that few items and customers contain it. Counts at most `RARE` + 1 rows."""
    return [Q(*(LessThanOrEqual(CappedCount(rows, RARE + 1), RARE) for rows in _found(model, word, agency))) for word in words]


def _found(model: Any, word: str, agency: Agency) -> tuple[QuerySet[Any], QuerySet[Customer]]:
    """Return the items and the customers that contain a word."""
    folded = FoldText(Value(word))
    own = model.objects.for_agency(agency).alias(own_text=_text(model)).filter(own_text__contains=folded)
    return own, Customer.objects.for_agency(agency).filter(search_text__contains=folded)


def _text(model: Any) -> Any:
    return F("search_text") if hasattr(model, "search_text") else FoldText(F("title"))


class _Totals(Subquery):
    """Numbers and yearly values of items by group and currency, as a JSON list."""

    template = (
        "(SELECT jsonb_agg(jsonb_build_array(item_group, item_currency, n, per_year)) FROM "
        "(SELECT item_group, item_currency, COUNT(*) AS n, SUM(per_year)::text AS per_year "
        "FROM (%(subquery)s) AS counted GROUP BY item_group, item_currency) AS totals)"
    )
    output_field = JSONField()


class _ExaminedTotals(Subquery):
    """The same of the rows with `is_found`, each with the number of all rows."""

    template = (
        "(SELECT jsonb_agg(jsonb_build_array(item_group, item_currency, n, per_year, examined)) FROM "
        "(SELECT item_group, item_currency, COUNT(*) FILTER (WHERE is_found) AS n, "
        "(SUM(per_year) FILTER (WHERE is_found))::text AS per_year, COUNT(*) AS examined "
        "FROM (%(subquery)s) AS counted GROUP BY item_group, item_currency) AS totals)"
    )
    output_field = JSONField()


def totals_of(items: QuerySet[Any], today: Any, week_end: Any) -> Subquery:
    """Return a subquery for the totals of items; `list_totals` reads its value."""
    # In the order of an index, because PostgreSQL otherwise merges whole tables to find the first rows.
    return _Totals(items.order_by("sort_date", "pk").values(**_columns(items.model, today, week_end))[: COUNT_LIMIT + 1])


def _columns(model: Any, today: Any, week_end: Any) -> dict[str, Any]:
    """Return the columns from which totals are calculated."""
    group = Case(
        When(sort_date__lt=today, then=Value("past")),
        When(sort_date=today, then=Value("today")),
        When(sort_date__lte=week_end, then=Value("week")),
        When(sort_date=NO_DATE, then=Value("none")),
        default=Value("later"),
    )
    price: Any = Cast(Value(None), DecimalField(max_digits=20, decimal_places=2))
    currency: Any = Value("")
    if model is Contract:
        price = per_year()
        currency = F("currency")
    return {"item_group": group, "item_currency": currency, "per_year": price}


def examined_totals(items: QuerySet[Any], words: list[str], today: Any, week_end: Any) -> Subquery:
    """Return the totals of the items that contain every word, among the first `EXAMINED` ones, and the number of these."""
    # A subquery, because for a join PostgreSQL would read all customers first.
    customer = Customer.objects.filter(pk=OuterRef("customer_id")).values("search_text")
    items = items.alias(own_text=_text(items.model), customer_text=Subquery(customer))
    texts = [FoldText(Value(word)) for word in words]
    is_found = Q(*(Q(customer_text__contains=text) | Q(own_text__contains=text) for text in texts))
    columns = {**_columns(items.model, today, week_end), "is_found": Case(When(is_found, then=True), default=False)}
    return _ExaminedTotals(items.order_by("sort_date", "pk").values(**columns)[: EXAMINED + 1])


def list_totals(rows: list[list[Any]] | None) -> ListTotals:
    """Return the totals that a subquery of `totals_of` or `examined_totals` found."""
    groups = dict.fromkeys(("past", *GROUPS), 0)
    yearly: dict[str, Decimal] = {}
    examined = 0
    for group, currency, number, value, *all_rows in rows or []:
        groups[group] += number
        examined += sum(all_rows)
        if value:
            yearly[currency] = yearly.get(currency, Decimal(0)) + Decimal(value)
    count = sum(groups.values())
    if count > COUNT_LIMIT or examined > EXAMINED:
        return ListTotals(min(count, COUNT_LIMIT), is_more=True, groups={}, yearly={})
    ordered = {currency: yearly[currency] for currency in Contract.Currency.values if yearly.get(currency)}
    return ListTotals(count, is_more=False, groups=groups, yearly=ordered)


def date_groups(items: Iterable[Any], totals: ListTotals, *, past: str) -> list[DateGroup]:
    """Divide items, which are sorted by date, into groups; `past` is the label of the first group."""
    labels: dict[str, str | Promise] = {"past": past, **GROUPS}
    today, week_end = timezone.localdate(), end_of_week()
    return [
        DateGroup(key, labels[key], list(rows), totals.groups.get(key))
        for key, rows in groupby(items, lambda item: _group(item.sort_date, today, week_end))
    ]


def end_of_week() -> date:
    """Return the current week's Sunday."""
    today = timezone.localdate()
    return today + timedelta(days=6 - today.weekday())


def _group(when: date, today: date, week_end: date) -> str:
    if when < today:
        return "past"
    if when == today:
        return "today"
    if when == NO_DATE:
        return "none"
    return "week" if when <= week_end else "later"
