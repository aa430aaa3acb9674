"""Ratings, answer rates and answer times of an agency by quarter, and answer rates of its review rounds."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, DateField, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce, JSONObject, TruncQuarter
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from reviews.models import RatingSummary, RequestMonth, ReviewMonth, ReviewRequest, ReviewRound

#: Numbers of quarters to choose from, including the current one, and the default.
PERIODS, DEFAULT_PERIOD = (4, 8, 12), 8
#: Maximum number of rounds, newest first.
MAX_ROUNDS = 12
#: First and last number of days of each line of the distribution; None: no limit.
_WAITS: tuple[tuple[int, int | None], ...] = ((0, 0), (1, 1), (2, 3), (4, 7), (8, 14), (15, 30), (31, None))


def percentage(part: int, whole: int) -> int | None:
    """Return the rounded percentage; None of nothing."""
    return round(100 * part / whole) if whole else None


@dataclass(frozen=True)
class Wait:
    """Number of requests that were answered after `first` to `last` days, and their percentage of all answers."""

    first: int
    last: int | None
    count: int
    percent: int


@dataclass(frozen=True)
class Answers:
    """Review requests, those answered, and the days that these waited."""

    requested: int
    #: Number of answers by days.
    days: dict[int, int]

    @property
    def answered(self) -> int:
        """Number of answered requests."""
        return sum(self.days.values())

    @property
    def rate(self) -> int | None:
        """Percentage of requests that were answered; None without requests."""
        return percentage(self.answered, self.requested)

    @property
    def median(self) -> Decimal | None:
        """Median of the days from request to answer; None without answers."""
        days = sorted(self.days)
        up_to = list(accumulate(self.days[day] for day in days))
        if not up_to:
            return None
        # The middle answers, which are the same for an odd number.
        middle = ((up_to[-1] - 1) // 2, up_to[-1] // 2)
        both = [next(day for day, number in zip(days, up_to, strict=True) if number > position) for position in middle]
        return Decimal(sum(both)) / 2

    @property
    def waits(self) -> list[Wait]:
        """The distribution of the days."""
        counts = [
            (first, last, sum(number for day, number in self.days.items() if max(day, 0) >= first and (last is None or day <= last)))
            for first, last in _WAITS
        ]
        return [Wait(first, last, count, percentage(count, self.answered) or 0) for first, last, count in counts]


@dataclass(frozen=True)
class Quarter:
    """Reviews submitted in a quarter, and review requests sent in it."""

    first: date
    ratings: RatingSummary
    answers: Answers

    @property
    def number(self) -> int:
        """Its number in the year, from 1."""
        return (self.first.month + 2) // 3

    @property
    def label(self) -> str:
        """Its name with the year."""
        return _("Q%(number)s %(year)s") % {"number": self.number, "year": self.first.year}

    @property
    def rating_percent(self) -> Decimal | None:
        """Its average as a percentage of five stars."""
        return None if self.ratings.average is None else self.ratings.average * 20


@dataclass(frozen=True)
class QuarterStats:
    """Statistics of an agency's last quarters, oldest first, and their totals."""

    quarters: list[Quarter]
    ratings: RatingSummary
    answers: Answers


def quarter_stats(agency: Agency, number: int) -> QuarterStats:
    """Return the statistics of the last quarters, including the current one, with one query."""
    firsts = _last_quarters(agency, number)
    (row,) = agency_with_quarters(agency=agency.pk, first=firsts[0])
    ratings: dict[date, Counter[str]] = {date.fromisoformat(figures.pop("quarter")): Counter(figures) for figures in row.ratings}
    requested: Counter[date] = Counter()
    days: dict[date, Counter[int]] = defaultdict(Counter)
    for request in row.requests:
        first = date.fromisoformat(request["quarter"])
        requested[first] += request["number"]
        if request["days"] is not None:
            days[first][request["days"]] += request["number"]
    quarters = [Quarter(first, RatingSummary(**ratings.get(first, Counter())), Answers(requested[first], days[first])) for first in firsts]
    return QuarterStats(
        quarters=_without_empty_beginning(quarters),
        ratings=RatingSummary(**sum(ratings.values(), Counter())),
        answers=Answers(requested.total(), sum(days.values(), Counter())),
    )


def _without_empty_beginning(quarters: list[Quarter]) -> list[Quarter]:
    """Return the quarters from the first one with reviews or requests, but not fewer than those of the shortest period."""
    latest = len(quarters) - min(PERIODS)
    first = next((position for position, quarter in enumerate(quarters) if quarter.ratings.count or quarter.answers.requested), latest)
    return quarters[min(first, latest) :]


@compiled
def agency_with_quarters(*, agency: Any, first: Any) -> QuerySet[Any]:
    """Return the agency with its `ratings` and `requests` by quarter since the `first`."""
    quarter = Cast(TruncQuarter("month"), DateField())
    months = ReviewMonth.objects.filter(agency=OuterRef("pk"), month__gte=first, count__gt=0).order_by().values(quarter=quarter)
    ratings = months.annotate(json=JSONObject(quarter="quarter", **{name: Sum(name) for name in ReviewMonth.totals()}))
    waits = RequestMonth.objects.filter(agency=OuterRef("pk"), month__gte=first, count__gt=0).order_by().values("days", quarter=quarter)
    requests = waits.annotate(json=JSONObject(quarter="quarter", days="days", number=Sum("count")))
    agencies = Agency.objects.filter(pk=agency)
    return agencies.annotate(ratings=ArraySubquery(ratings.values("json")), requests=ArraySubquery(requests.values("json")))


def _last_quarters(agency: Agency, number: int) -> list[date]:
    """Return the first days of the last quarters in the agency's time zone, oldest first."""
    today = timezone.localdate(timezone=ZoneInfo(agency.time_zone))
    current = today.year * 4 + (today.month - 1) // 3
    return [date(quarter // 4, quarter % 4 * 3 + 1, 1) for quarter in range(current - number + 1, current + 1)]


@dataclass(frozen=True)
class Round:
    """A round with the numbers of its requests that weren't withdrawn, and of those answered."""

    name: str
    started_at: datetime
    requested: int
    answered: int

    @property
    def rate(self) -> int | None:
        """Percentage of requests that were answered; None without requests."""
        return percentage(self.answered, self.requested)


def round_stats(agency: Agency) -> list[Round]:
    """Return the agency's last rounds, newest first, with one query."""
    return [Round(row.name, row.started_at, row.sent, row.answers) for row in _counted_rounds(agency=agency.pk)]


@compiled
def _counted_rounds(*, agency: Any) -> QuerySet[Any]:
    requests = ReviewRequest.objects.filter(round=OuterRef("pk")).exclude(status="withdrawn").order_by().values("round")
    sent, answers = (
        Coalesce(Subquery(rows.annotate(number=Count("*")).values("number"), output_field=IntegerField()), 0)
        for rows in (requests, requests.filter(status="answered"))
    )
    rounds = ReviewRound.objects.filter(agency=agency, started_at__isnull=False).order_by("-id")
    return rounds.annotate(sent=sent, answers=answers)[:MAX_ROUNDS]
