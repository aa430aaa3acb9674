"""Working hours of review rounds on days when clocks change."""

from datetime import datetime, timedelta

import pytest

from reviews.rounds.hours import is_open, next_opening


@pytest.mark.parametrize(
    ("zone", "moment", "opening"),
    [
        # Clocks change on Sunday at 2, forwards and backwards: nine o'clock is another time in UTC on Monday.
        ("Europe/Berlin", "2026-03-27T17:00+01:00", "2026-03-30T07:00+00:00"),
        ("Europe/Berlin", "2026-10-23T17:00+02:00", "2026-10-26T08:00+00:00"),
        ("America/New_York", "2026-03-06T17:00-05:00", "2026-03-09T13:00+00:00"),
        ("America/New_York", "2026-10-30T17:00-04:00", "2026-11-02T14:00+00:00"),
        # On a working day: forwards on Friday at midnight in Cairo, backwards on Friday at midnight.
        ("Africa/Cairo", "2026-04-23T17:00+02:00", "2026-04-24T06:00+00:00"),
        ("Africa/Cairo", "2026-10-29T17:00+03:00", "2026-10-30T07:00+00:00"),
        # Already open today, and Friday evening in a zone in which it is still Thursday in UTC.
        ("Europe/Berlin", "2026-06-10T06:00+02:00", "2026-06-10T07:00+00:00"),
        ("Pacific/Auckland", "2026-06-11T21:30+00:00", "2026-06-14T21:00+00:00"),
    ],
)
def test_hours_on_days_when_clocks_change(zone: str, moment: str, opening: str) -> None:
    now, expected = datetime.fromisoformat(moment), datetime.fromisoformat(opening)
    assert not is_open(now, zone) or zone == "Pacific/Auckland"
    found = next_opening(now, zone)
    assert found == expected
    assert is_open(found, zone)
    assert not is_open(found - timedelta(seconds=1), zone)


def test_an_hour_that_the_clock_skips_opens_an_hour_later() -> None:
    found = next_opening(datetime.fromisoformat("2026-04-23T17:00+02:00"), "Africa/Cairo", 0)
    assert found == datetime.fromisoformat("2026-04-24T01:00+03:00")
