"""Fixtures for the tests of reviews."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings


@pytest.fixture(autouse=True)
def _no_limits_from_before() -> Iterator[None]:
    """Each test is a new visitor, though all come from one address."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    for key in broker.scan_iter("limit:*"):
        broker.delete(key)
    yield
