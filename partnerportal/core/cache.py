"""Fault-tolerant cache."""

import logging
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

logger = logging.getLogger(__name__)


class KeptClient(RedisCacheClient):
    """Client that keeps the object that sends commands, which Django would create for each of them."""

    _kept: Any = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if self._kept is None:
            self._kept = super().get_client(key, write=write)
        return self._kept


class FaultTolerantRedisCache(RedisCache):
    """Redis cache that logs errors and behaves as empty while Redis is unavailable.

    Rate limits of the sign-in are stored here, and an outage must not lock users out.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient

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
