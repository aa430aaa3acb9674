"""Fixtures for the tests of reviews."""

import pytest
import redis
from django.conf import settings


@pytest.fixture(autouse=True)
def _no_limits_from_before() -> None:
    """Reset the rate limits, because all tests use one address."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    for key in broker.scan_iter("limit:*"):
        broker.delete(key)
