"""Review statistics of an agency."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from partnerportal.core.db_functions import CappedCount
from partnerportal.core.pagination import COUNT_LIMIT
from reviews.models import RatingSummary, ReviewMonth, ReviewRequest

#: Number of months in the chart, including the current one.
MONTHS = 12


@dataclass(frozen=True)
class Month:
    """Number of reviews in a month, and its percentage of the busiest month."""

    first: date
    count: int
    percent: int

    @property
    def is_empty(self) -> bool:
        """Whether there are no reviews."""
        return not self.count


@dataclass(frozen=True)
class ReviewStats:
    """Statistics of an agency's reviews and review requests."""

    #: None without reviews.
    summary: RatingSummary | None
    #: Requests that weren't withdrawn, and those answered.
    requested: int
    answered: int
    #: Pending requests, up to `COUNT_LIMIT`, and whether there are more.
    pending: int
    pending_is_more: bool
    months: list[Month]

    @property
    def answer_rate(self) -> int:
        """Percentage of requests that were answered."""
        return round(100 * self.answered / self.requested) if self.requested else 0

    @property
    def recent(self) -> int:
        """Number of reviews in all months of the chart."""
        return sum(month.count for month in self.months)


def review_stats(agency: Agency) -> ReviewStats:
    """Return the statistics of an agency, with one query."""
    months = _last_months(agency)
    (row,) = agency_with_stats(agency=agency.pk, first=months[0], now=timezone.now())
    summary: RatingSummary | None = getattr(row, "rating_summary", None)
    counts = {month["month"]: month["number"] for month in row.by_month}
    busiest = max(counts.values(), default=0) or 1
    return ReviewStats(
        summary=summary,
        requested=summary.requested if summary else 0,
        answered=summary.answered if summary else 0,
        pending=min(row.pending, COUNT_LIMIT),
        pending_is_more=row.pending > COUNT_LIMIT,
        months=[Month(first, n, round(100 * n / busiest)) for first in months for n in [counts.get(first.isoformat(), 0)]],
    )


@compiled
def agency_with_stats(*, agency: Any, first: Any, now: Any) -> QuerySet[Any]:
    """Return the agency with its summary, the numbers of reviews by month since the `first`, and the number of pending requests."""
    months = ReviewMonth.objects.filter(agency=OuterRef("pk"), month__gte=first)
    by_month = months.values(json=JSONObject(month="month", number="count"))
    pending = CappedCount(ReviewRequest.objects.pending(now).filter(agency=OuterRef("pk")), COUNT_LIMIT + 1)
    agencies = Agency.objects.filter(pk=agency).select_related("rating_summary")
    return agencies.annotate(pending=pending, by_month=ArraySubquery(by_month))


def _last_months(agency: Agency) -> list[date]:
    """Return the first days of the last months in the agency's time zone, oldest first."""
    months = [timezone.localdate(timezone=ZoneInfo(agency.time_zone)).replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]
