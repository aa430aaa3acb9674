"""Review statistics of an agency."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, DateField, OuterRef, Q, Subquery
from django.db.models.functions import Cast, JSONObject, TruncMonth
from django.utils import timezone

from partnerportal.agencies.models import Agency
from reviews.models import RatingSummary, Review, ReviewRequest

#: Number of months in the chart, including the current one.
MONTHS = 12


@dataclass(frozen=True)
class Month:
    """Number of reviews in a month, and its percentage of the busiest month."""

    first: date
    count: int
    percent: int


@dataclass(frozen=True)
class ReviewStats:
    """Statistics of an agency's reviews and review requests."""

    #: None without reviews.
    summary: RatingSummary | None
    #: Requests that weren't withdrawn; those answered, and those still pending.
    requested: int
    answered: int
    pending: int
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
    months = _last_months()
    start = datetime.combine(months[0], time.min, timezone.get_current_timezone())
    by_month = (
        Review.objects.counted()
        .filter(agency=OuterRef("pk"), created_at__gte=start)
        .annotate(month=Cast(TruncMonth("created_at"), DateField()))
        .values("month")
        .annotate(number=Count("pk"))
        .values(json=JSONObject(month="month", number="number"))
    )
    requests = ReviewRequest.objects.filter(agency=OuterRef("pk")).exclude(status=ReviewRequest.Status.WITHDRAWN)
    is_answered = Q(status=ReviewRequest.Status.ANSWERED)
    is_pending = Q(status=ReviewRequest.Status.OPEN, expires_at__gt=timezone.now())
    # One scan for all three figures, because an agency can have 100,000 requests.
    figures = JSONObject(requested=Count("pk"), answered=Count("pk", filter=is_answered), pending=Count("pk", filter=is_pending))
    row: Any = (
        Agency.objects.select_related("rating_summary")
        .annotate(
            requests=Subquery(requests.order_by().values("agency").annotate(json=figures).values("json")),
            by_month=ArraySubquery(by_month),
        )
        .get(pk=agency.pk)
    )
    counts = {month["month"]: month["number"] for month in row.by_month}
    busiest = max(counts.values(), default=0) or 1
    return ReviewStats(
        summary=getattr(row, "rating_summary", None),
        **(row.requests or {"requested": 0, "answered": 0, "pending": 0}),
        months=[Month(first, n, round(100 * n / busiest)) for first in months for n in [counts.get(first.isoformat(), 0)]],
    )


def _last_months() -> list[date]:
    """Return the first days of the last months in the current time zone, oldest first."""
    months = [timezone.localdate().replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]
