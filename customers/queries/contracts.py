"""What contracts are worth in a year, and which end soon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Case, Count, DecimalField, F, Q, Sum, Value, When
from django.utils import timezone
from django.utils.formats import number_format

from customers.models import Contract
from partnerportal.agencies.models import Agency
from partnerportal.core.addresses import address
from partnerportal.core.compiled import compiled

#: Number of payments in a year, by interval. One-time prices don't recur.
PAYMENTS_PER_YEAR = {
    Contract.Interval.MONTH: Decimal(12),
    Contract.Interval.QUARTER: Decimal(4),
    Contract.Interval.HALF_YEAR: Decimal(2),
    Contract.Interval.YEAR: Decimal(1),
    Contract.Interval.TWO_YEARS: Decimal("0.5"),
}
#: Numbers of days within which contracts are shown that end, and the choice of the list's filter.
ENDING_DAYS = {30: "soon", 60: "soon60", 90: "soon90"}
#: Number of contracts from which their sum is cached, and the number of seconds.
MANY_CONTRACTS, MAX_AGE = 5_000, 600


@dataclass(frozen=True)
class YearlyValue:
    """What the recurring prices of active contracts add up to in a year, in one currency."""

    currency: str
    amount: Decimal


@dataclass(frozen=True)
class Ending:
    """The active contracts that end within a number of days."""

    days: int
    count: int
    #: Their recurring value per year by currency.
    values: list[YearlyValue]

    @property
    def number(self) -> str:
        """The count for display."""
        return str(number_format(self.count, force_grouping=True))

    @property
    def url(self) -> str:
        """The path of the list with these contracts."""
        return f"{address('customers:contract_list')}?when={ENDING_DAYS[self.days]}"


@dataclass(frozen=True)
class Outlook:
    """What the agency's active contracts are worth, and which of them end soon."""

    #: The recurring value per year by currency, the largest first.
    values: list[YearlyValue]
    #: One for each of `ENDING_DAYS`.
    endings: list[Ending]

    @property
    def has_endings(self) -> bool:
        """Whether any contract ends soon."""
        return any(ending.count for ending in self.endings)


def contract_outlook(agency: Agency) -> Outlook:
    """Return the outlook of the agency's active contracts, with one query.

    With many contracts, it is up to `MAX_AGE` seconds old.
    """
    key = f"contract-outlook:{agency.pk}:{timezone.localdate()}"
    outlook: Outlook | None = cache.get(key)
    if outlook is None:
        today = timezone.localdate()
        days = {f"day_{days}": today + timedelta(days=days) for days in ENDING_DAYS}
        rows = outlook_rows(agency=agency.pk, today=today, **days)
        outlook = Outlook(_values(rows, "amount"), [_ending(rows, days) for days in ENDING_DAYS])
        if sum(row["count"] for row in rows) >= MANY_CONTRACTS:
            cache.set(key, outlook, MAX_AGE)
    return outlook


def _ending(rows: Sequence[dict[str, Any]], days: int) -> Ending:
    return Ending(days, sum(row[f"count_{days}"] for row in rows), _values(rows, f"amount_{days}"))


def _values(rows: Sequence[dict[str, Any]], name: str) -> list[YearlyValue]:
    found = [YearlyValue(row["currency"], row[name]) for row in rows if row[name]]
    return sorted(found, key=lambda value: (-value.amount, value.currency))


def per_year() -> Any:
    """Return the expression for a contract's recurring value per year; None if it doesn't recur."""
    number = DecimalField(max_digits=3, decimal_places=1)
    factor = Case(*(When(interval=interval, then=Value(n, number)) for interval, n in PAYMENTS_PER_YEAR.items()), output_field=number)
    return F("price") * factor


@compiled
def outlook_rows(*, agency: Any, today: Any, **days: Any) -> Any:
    """Return sums and numbers of an agency's active contracts by currency, from an index alone."""
    value, zero = per_year(), Decimal(0)
    columns: dict[str, Any] = {"amount": Sum(value, default=zero), "count": Count("pk")}
    for name, last in days.items():
        within = Q(sort_date__lte=last)
        number = name.removeprefix("day_")
        columns |= {f"amount_{number}": Sum(value, filter=within, default=zero), f"count_{number}": Count("pk", filter=within)}
    running = Contract.objects.filter(agency=agency, status=Contract.Status.ACTIVE, sort_date__gte=today)
    return running.order_by().values("currency").annotate(**columns)
