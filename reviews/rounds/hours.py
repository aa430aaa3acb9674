"""Working hours from Monday to Friday, in an agency's time zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

#: Hours of automatic requests, and the default of rounds.
FROM_HOUR, UNTIL_HOUR = 9, 17
_SATURDAY = 5


def is_open(now: datetime, zone: str, from_hour: int = FROM_HOUR, until_hour: int = UNTIL_HOUR) -> bool:
    """Return whether it is a working hour."""
    local = timezone.localtime(now, ZoneInfo(zone))
    return local.weekday() < _SATURDAY and from_hour <= local.hour < until_hour


def next_opening(now: datetime, zone: str, from_hour: int = FROM_HOUR) -> datetime:
    """Return when the working hours begin next, after this moment."""
    local = timezone.localtime(now, ZoneInfo(zone))
    day = local.date() if local.hour < from_hour else local.date() + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, time(from_hour), ZoneInfo(zone)).astimezone(UTC)
