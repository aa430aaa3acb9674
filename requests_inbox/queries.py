"""The inbox, and how quickly an agency replies to contact requests."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, F, Q, QuerySet
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.accounts.queries import confirmed_addresses
from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from requests_inbox.models import ContactRequest, RequestStatus

#: Number of days over which the median response time is calculated.
RESPONSE_TIME_DAYS = 90
#: Number of replies below which no typical response time is stated.
TYPICAL_MIN_REPLIES = 5


class Median(Aggregate):
    """Median of durations. Unlike the mean, it isn't affected by single outliers."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def recently() -> datetime:
    """Return since when requests count for the response time."""
    return timezone.now() - timedelta(days=RESPONSE_TIME_DAYS)


def recently_answered(since: Any = None) -> Q:
    """Return the condition for answered requests `since` a moment; by default of the last `RESPONSE_TIME_DAYS`."""
    return Q(created_at__gte=since or recently(), first_reply_at__isnull=False)


def response_time(**options: Any) -> Median:
    """Return the aggregate for the median time until the first reply."""
    return Median(F("first_reply_at") - F("created_at"), **options)


def typical_first_reply(agency: Agency) -> timedelta | None:
    """Return the median time until the first reply in the last 90 days; None below five replies."""
    for count, median in reply_times(agency=agency.pk, since=recently()):
        return median if count >= TYPICAL_MIN_REPLIES else None
    return None


@compiled
def reply_times(*, agency: Any, since: Any) -> Any:
    """Return the number and the median response time of an agency's answered requests; no row without any."""
    answered = ContactRequest.objects.filter(recently_answered(since), agency=agency).order_by()
    return answered.values("agency").annotate(count=Count("*"), median=response_time()).values_list("count", "median")


@compiled
def inbox_numbers(*, agency: Any, since: Any) -> Any:
    """Return the numbers of `waiting`, `new` and `open` requests and the `median` response time; no row without any of these requests."""
    is_new, is_open, answered = Q(status=RequestStatus.NEW), Q(status=RequestStatus.OPEN), recently_answered(since)
    waits = Q(is_waiting=True)
    requests = ContactRequest.objects.filter(is_new | is_open | answered | waits, agency=agency).order_by().values("agency")
    counts = requests.annotate(
        waiting=Count("pk", filter=waits),
        new=Count("pk", filter=is_new),
        open=Count("pk", filter=is_open),
        median=response_time(filter=answered),
    )
    return counts.values("waiting", "new", "open", "median")


def listed_requests(tab: str, whose: str, /, *, agency: Any, user: Any) -> QuerySet[ContactRequest]:
    """Return an agency's requests on a tab (empty: all), of the user (`mine`), of `nobody` or of all, with what rows show."""
    requests = ContactRequest.objects.filter(agency=agency).on_tab(tab)
    if whose:
        requests = requests.filter(assignee=user if whose == "mine" else None)
    listed: QuerySet[ContactRequest] = requests.with_unread(user).select_related("assignee", "customer").defer("search_text")
    return listed


def request_rows(user: User) -> Iterator[dict[str, Any]]:
    """Return the contact requests from one of the person's confirmed addresses, for the download of their data."""
    requests = ContactRequest.objects.filter(email__in=confirmed_addresses(user)).select_related("agency")
    for request in requests.order_by("pk"):
        names = ("name", "company", "email", "phone", "message", "created_at", "consented_at")
        yield {"agency": request.agency.name, **{name: getattr(request, name) for name in names}}
