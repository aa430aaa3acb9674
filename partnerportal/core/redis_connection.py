"""The connection to Redis for rate limits and counters."""

from functools import cache

import redis
from django.conf import settings


@cache
def redis_connection() -> redis.Redis:
    """Return the process's connection."""
    # No retries, because a user waits for the response.
    timeouts = {"socket_timeout": settings.REDIS_TIMEOUT, "socket_connect_timeout": settings.REDIS_TIMEOUT}
    return redis.Redis.from_url(settings.REDIS_URL, retry=None, **timeouts)
