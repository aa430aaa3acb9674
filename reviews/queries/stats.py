"""How an agency's reviews do: what the reviews page says above the list."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, DateField, OuterRef, Q, Subquery
from django.db.models.functions import Cast, JSONObject, TruncMonth
from django.utils import timezone

from partnerportal.agencies.models import Agency
from reviews.models import RatingSummary, Review, ReviewRequest

#: So many months, the present one included, the chart shows.
MONTHS = 12


@dataclass(frozen=True)
class Month:
    """How many reviews came in a month; `percent` of the month with the most."""

    first: date
    count: int
    percent: int


@dataclass(frozen=True)
class ReviewStats:
    """What there is to say about an agency's reviews."""

    #: None without reviews.
    summary: RatingSummary | None
    #: Requests that the agency didn't withdraw, those of them that were answered, and those that still can be.
    asked: int
    answered: int
    waiting: int
    months: list[Month]

    @property
    def answer_rate(self) -> int:
        """Answered of asked, in per cent."""
        return round(100 * self.answered / self.asked) if self.asked else 0

    @property
    def lately(self) -> int:
        """Reviews of all months shown."""
        return sum(month.count for month in self.months)


def review_stats(agency: Agency) -> ReviewStats:
    """All figures of an agency, in one query."""
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
    asked = ReviewRequest.objects.filter(agency=OuterRef("pk")).exclude(status=ReviewRequest.Status.WITHDRAWN)
    is_answered = Q(status=ReviewRequest.Status.ANSWERED)
    is_waiting = Q(status=ReviewRequest.Status.OPEN, expires_at__gt=timezone.now())
    # All three in one look at the requests: of 100,000 each look costs.
    numbers = JSONObject(asked=Count("pk"), answered=Count("pk", filter=is_answered), waiting=Count("pk", filter=is_waiting))
    found: Any = (
        Agency.objects.select_related("rating_summary")
        .annotate(
            requests=Subquery(asked.order_by().values("agency").annotate(json=numbers).values("json")),
            by_month=ArraySubquery(by_month),
        )
        .get(pk=agency.pk)
    )
    counts = {row["month"]: row["number"] for row in found.by_month}
    most = max(counts.values(), default=0) or 1
    return ReviewStats(
        summary=_summary(found),
        **(found.requests or {"asked": 0, "answered": 0, "waiting": 0}),
        months=[Month(first, n, round(100 * n / most)) for first in months for n in [counts.get(first.isoformat(), 0)]],
    )


def _last_months() -> list[date]:
    """The first days of the last months, in the time zone in force."""
    months = [timezone.localdate().replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]


def _summary(agency: Agency) -> RatingSummary | None:
    try:
        return agency.rating_summary
    except ObjectDoesNotExist:
        return None
