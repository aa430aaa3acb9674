"""Rate limits: windows, several limits, and outages of Redis."""

import pytest
import time_machine
from django.http import HttpResponse

from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix
from partnerportal.core.redis_connection import redis_connection

pytestmark = pytest.mark.usefixtures("clean_cache")

FEW = RateLimit("test-few", times=2, seconds=60)
MANY = RateLimit("test-many", times=3, seconds=600)


def often(times: int, *counts: tuple[RateLimit, str]) -> None:
    for _ in range(times):
        check_rate_limits(*counts)


def test_limit_is_enforced_until_the_window_ends() -> None:
    with time_machine.travel("2026-01-01 12:00:15+00:00", tick=False) as clock:
        often(2, (FEW, "kim"))
        with pytest.raises(RateLimitExceeded) as caught:
            check_rate_limits((FEW, "kim"))
        assert caught.value.retry_after == 45
        clock.shift(45)
        check_rate_limits((FEW, "kim"))


def test_subjects_are_counted_separately() -> None:
    often(2, (FEW, "kim"))
    often(2, (FEW, "lea"))
    often(2, (MANY, "kim"))


def test_longest_delay_of_several_limits_applies() -> None:
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


def test_empty_subjects_are_not_counted() -> None:
    often(5, (FEW, ""))


def test_keys_contain_no_subjects_and_expire() -> None:
    check_rate_limits((FEW, "kim@client.example"))
    keys = redis_connection().keys("limit:test-few:*")
    assert len(keys) == 1
    assert b"kim" not in keys[0]
    assert 0 < redis_connection().ttl(keys[0]) <= FEW.seconds


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
def test_ipv6_addresses_are_counted_by_network(address: str | None, network: str) -> None:
    assert network_prefix(address) == network
