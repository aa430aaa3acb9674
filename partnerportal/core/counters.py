"""Counters for `/metrics` that all processes share, in Redis. Nothing is counted while metrics are off.

    count(("rate_limit_hits", (limit.name,), 1))

Each counter is a hash, with one field for each combination of labels. Labels come from the code, never from
input, so that the number of fields is limited. While Redis is unavailable, nothing is counted.
"""

import logging
import time

import redis
from django.conf import settings

from partnerportal.core.redis_connection import redis_connection

logger = logging.getLogger(__name__)

#: Name of a counter, its labels, and the amount by which it increases.
Increase = tuple[str, tuple[str, ...], float]

_TICK = "metrics:beat"


def count(*increases: Increase) -> None:
    """Increase counters."""
    if not settings.METRICS_ENABLED:
        return
    try:
        with redis_connection().pipeline(transaction=False) as pipeline:
            for name, labels, amount in increases:
                pipeline.hincrbyfloat(f"metrics:{name}", "|".join(labels), amount)
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        logger.warning("Redis is unavailable; metrics are not counted: %s", error)


def counted(name: str) -> dict[tuple[str, ...], float]:
    """Return the value of a counter for each combination of labels.

    Raises:
        redis.RedisError, OSError: Redis is unavailable.
    """
    values: dict[bytes, bytes] = redis_connection().hgetall(f"metrics:{name}")  # type: ignore[assignment]  # the client isn't asynchronous
    return {tuple(labels.decode().split("|")): float(value) for labels, value in values.items()}


def record_tick() -> None:
    """Record that beat has just published a job."""
    try:
        redis_connection().set(_TICK, time.time())
    except (redis.RedisError, OSError) as error:
        logger.warning("Redis is unavailable; metrics are not counted: %s", error)


def tick_age() -> float | None:
    """Return the number of seconds since beat last published a job, or None if it never did.

    Raises:
        redis.RedisError, OSError: Redis is unavailable.
    """
    ticked_at = redis_connection().get(_TICK)
    return max(0.0, time.time() - float(ticked_at)) if ticked_at else None
