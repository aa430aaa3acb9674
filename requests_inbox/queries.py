"""How quickly an agency replies to contact requests."""

from datetime import timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, F, Q
from django.utils import timezone

from partnerportal.agencies.models import Agency

#: Number of days over which the median response time is calculated.
RESPONSE_TIME_DAYS = 90
#: Number of replies below which no typical response time is stated.
TYPICAL_MIN_REPLIES = 5


class Median(Aggregate):
    """Median of durations. Unlike the mean, it isn't affected by single outliers."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def recently_answered() -> Q:
    """Return the condition for answered requests of the last `RESPONSE_TIME_DAYS`."""
    return Q(created_at__gte=timezone.now() - timedelta(days=RESPONSE_TIME_DAYS), first_reply_at__isnull=False)


def response_time(**options: Any) -> Median:
    """Return the aggregate for the median time until the first reply."""
    return Median(F("first_reply_at") - F("created_at"), **options)


def typical_first_reply(agency: Agency) -> timedelta | None:
    """Return the median time until the first reply in the last 90 days; None below five replies."""
    replies = agency.contact_requests.filter(recently_answered()).aggregate(count=Count("pk"), median=response_time())
    median: timedelta | None = replies["median"]
    return median if replies["count"] >= TYPICAL_MIN_REPLIES else None
