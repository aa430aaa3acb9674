"""What contracts are worth in a year."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.utils import timezone

from customers.models import SOON_DAYS, Contract
from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled

#: Number of payments in a year, by interval. One-time prices don't recur.
PAYMENTS_PER_YEAR = {Contract.Interval.MONTH: 12, Contract.Interval.QUARTER: 4, Contract.Interval.YEAR: 1}
#: Number of contracts from which their sum is cached, and the number of seconds.
MANY_CONTRACTS, MAX_AGE = 5_000, 600


@dataclass(frozen=True)
class YearlyValue:
    """What the recurring prices of active contracts add up to in a year, in one currency."""

    currency: str
    amount: Decimal
    #: The part whose contracts end within `SOON_DAYS`.
    ending: Decimal
    #: Number of contracts.
    count: int


def yearly_values(agency: Agency) -> list[YearlyValue]:
    """Return the yearly value of the agency's active contracts in each currency, the largest first.

    With many contracts, the values are up to `MAX_AGE` seconds old.
    """
    key = f"yearly-values:{agency.pk}:{timezone.localdate()}"
    values: list[YearlyValue] | None = cache.get(key)
    if values is None:
        values = _sum_per_year(agency)
        if sum(value.count for value in values) >= MANY_CONTRACTS:
            cache.set(key, values, MAX_AGE)
    return values


def _sum_per_year(agency: Agency) -> list[YearlyValue]:
    today = timezone.localdate()
    return [YearlyValue(**row) for row in yearly_sums(agency=agency.pk, today=today, horizon=today + timedelta(days=SOON_DAYS))]


@compiled
def yearly_sums(*, agency: Any, today: Any, horizon: Any) -> Any:
    """Return the fields of the agency's `YearlyValue`s, the largest first."""
    per_year = F("price") * Case(*(When(interval=interval, then=Value(n)) for interval, n in PAYMENTS_PER_YEAR.items()))
    running = Contract.objects.filter(agency=agency, status=Contract.Status.ACTIVE, sort_date__gte=today, price__gt=0)
    soon = Q(sort_date__lte=horizon)
    return (
        running.filter(interval__in=PAYMENTS_PER_YEAR)
        .order_by()
        .values("currency")
        .annotate(amount=Sum(per_year), ending=Sum(per_year, filter=soon, default=Decimal(0)), count=Count("pk"))
        .order_by("-amount", "currency")
    )
