"""Fault-tolerant cache."""

import logging
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)


class FaultTolerantRedisCache(RedisCache):
    """Redis cache that logs errors and behaves as empty while Redis is unavailable.

    Rate limits of the sign-in are stored here, and an outage must not lock users out.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._with_fallback(True, super().add, *args, **kwargs))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._with_fallback(default, super().get, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._with_fallback(None, super().set, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._with_fallback(False, super().delete, *args, **kwargs))

    @staticmethod
    def _with_fallback(fallback: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (redis.RedisError, OSError) as error:
            logger.warning("Redis is unavailable; the cache is bypassed: %s", error)
            return fallback
