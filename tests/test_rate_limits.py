"""Counting in Redis: windows, several limits at once, nobody without Redis."""

import pytest
import time_machine
from django.http import HttpResponse

from partnerportal.core import rate_limits
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix

pytestmark = pytest.mark.usefixtures("clean_cache")

FEW = RateLimit("test-few", times=2, seconds=60)
MANY = RateLimit("test-many", times=3, seconds=600)


def often(times: int, *counts: tuple[RateLimit, str]) -> None:
    for _ in range(times):
        check_rate_limits(*counts)


def test_so_many_times_and_no_more_until_the_window_ends() -> None:
    with time_machine.travel("2026-01-01 12:00:15+00:00", tick=False) as clock:
        often(2, (FEW, "kim"))
        with pytest.raises(RateLimitExceeded) as caught:
            check_rate_limits((FEW, "kim"))
        assert caught.value.retry_after == 45
        clock.shift(45)
        check_rate_limits((FEW, "kim"))


def test_each_is_counted_alone() -> None:
    often(2, (FEW, "kim"))
    often(2, (FEW, "lea"))
    often(2, (MANY, "kim"))


def test_of_several_limits_the_longest_wait_counts() -> None:
    with time_machine.travel("2026-01-01 12:00:15+00:00", tick=False):
        often(2, (FEW, "kim"), (MANY, "kim"))
        with pytest.raises(RateLimitExceeded):
            check_rate_limits((FEW, "kim"), (MANY, "kim"))
        with pytest.raises(RateLimitExceeded) as caught:
            check_rate_limits((FEW, "kim"), (MANY, "kim"))
        assert caught.value.retry_after == 585
        response = caught.value.apply_to(HttpResponse())
        assert (response.status_code, response["Retry-After"]) == (429, "585")
        assert "10 minutes" in str(caught.value)


def test_nobody_is_not_counted() -> None:
    often(5, (FEW, ""))


def test_who_is_counted_is_not_kept_and_all_ends_with_its_window() -> None:
    check_rate_limits((FEW, "kim@client.example"))
    keys = rate_limits._redis().keys("limit:test-few:*")
    assert len(keys) == 1
    assert b"kim" not in keys[0]
    assert 0 < rate_limits._redis().ttl(keys[0]) <= FEW.seconds


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (None, ""),
        ("", ""),
    ],
)
def test_a_household_is_one_network(address: str | None, network: str) -> None:
    assert network_prefix(address) == network
