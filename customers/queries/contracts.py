"""What contracts are worth in a year, and which end soon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Case, Count, DecimalField, F, JSONField, Q, Subquery, Sum, TextField, Value, When
from django.db.models.functions import Cast
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
#: Numbers of days within which contracts are shown that end: the choice of the list's filter, and the name of the last day in queries.
ENDING_DAYS = {30: ("soon", "horizon"), 60: ("soon60", "horizon_60"), 90: ("soon90", "horizon_90")}
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
        return f"{address('customers:contract_list')}?when={ENDING_DAYS[self.days][0]}"


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
    """Return the outlook of the agency's active contracts.

    With many contracts, it is up to `MAX_AGE` seconds old.
    """
    outlook = cached_outlook(agency)
    if outlook is None:
        today = timezone.localdate()
        (sums,) = agency_sums(agency=agency.pk, today=today, **horizons(today))
        outlook = read_outlook(agency, sums)
    return outlook


def cached_outlook(agency: Agency) -> Outlook | None:
    """Return the outlook of an agency with many contracts, if it was read recently."""
    outlook: Outlook | None = cache.get(_key(agency))
    return outlook


def read_outlook(agency: Agency, sums: list[dict[str, Any]] | None) -> Outlook:
    """Return the outlook from the sums of `sums_of`, and keep it if there are many contracts."""
    rows = sums or []
    outlook = Outlook(_values(rows, "amount"), [_ending(rows, days) for days in ENDING_DAYS])
    if sum(row["count"] for row in rows) >= MANY_CONTRACTS:
        cache.set(_key(agency), outlook, MAX_AGE)
    return outlook


def horizons(today: date) -> dict[str, date]:
    """Return the last day of each of `ENDING_DAYS`, by its name."""
    return {name: today + timedelta(days=days) for days, (_choice, name) in ENDING_DAYS.items()}


def _key(agency: Agency) -> str:
    return f"contract-outlook:{agency.pk}:{timezone.localdate()}"


def _ending(rows: Sequence[dict[str, Any]], days: int) -> Ending:
    return Ending(days, sum(row[f"count_{days}"] for row in rows), _values(rows, f"amount_{days}"))


def _values(rows: Sequence[dict[str, Any]], name: str) -> list[YearlyValue]:
    found = [YearlyValue(row["currency"], amount) for row in rows if (amount := Decimal(row[name]))]
    return sorted(found, key=lambda value: (-value.amount, value.currency))


def per_year() -> Any:
    """Return the expression for a contract's recurring value per year; None if it doesn't recur."""
    number = DecimalField(max_digits=3, decimal_places=1)
    factor = Case(*(When(interval=interval, then=Value(n, number)) for interval, n in PAYMENTS_PER_YEAR.items()), output_field=number)
    return F("price") * factor


#: Stands for the sums if a list doesn't show them.
NO_SUMS = Value(None, JSONField())


class _Sums(Subquery):
    """Sums of contracts by currency, as a JSON list. Amounts are texts, because JSON has no exact decimals."""

    template = "(SELECT jsonb_agg(to_jsonb(sums)) FROM (%(subquery)s) AS sums)"
    output_field = JSONField()


def sums_of(*, agency: Any, today: Any, **horizons: Any) -> Subquery:
    """Return a subquery for sums and numbers of an agency's active contracts, from an index alone; see `read_outlook`."""
    value, zero = per_year(), Decimal(0)
    columns: dict[str, Any] = {"amount": Cast(Sum(value, default=zero), TextField()), "count": Count("currency")}
    for days, (_choice, name) in ENDING_DAYS.items():
        within = Q(sort_date__lte=horizons[name])
        columns[f"amount_{days}"] = Cast(Sum(value, filter=within, default=zero), TextField())
        columns[f"count_{days}"] = Count("currency", filter=within)
    running = Contract.objects.filter(agency=agency, status=Contract.Status.ACTIVE, sort_date__gte=today)
    return _Sums(running.order_by().values("currency").annotate(**columns))


@compiled
def agency_sums(*, agency: Any, **dates: Any) -> Any:
    """Return the sums of an agency's contracts."""
    return Agency.objects.filter(pk=agency).values_list(sums_of(agency=agency, **dates), flat=True)
