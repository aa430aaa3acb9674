"""The cache, without which everything works."""

import logging
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)


class FaultTolerantRedisCache(RedisCache):
    """While Redis is away it holds nothing, and says so in the log instead of failing: sign-in counts its tries here, and nobody is to be
    locked out for want of a count."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._or(True, super().add, *args, **kwargs))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._or(default, super().get, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, super().set, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._or(False, super().delete, *args, **kwargs))

    @staticmethod
    def _or(otherwise: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (redis.RedisError, OSError) as error:
            logger.warning("Redis is unavailable; the cache is bypassed: %s", error)
            return otherwise
