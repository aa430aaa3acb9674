"""How often something may be done in a while: counted in Redis, for every process together.

    try:
        check((PER_SENDER, email), (PER_NETWORK, network_of(address)))
    except TooOften as error:
        form.add_error(None, str(error))
        return error.apply_to(render(request, …))     # 429 with Retry-After; what was typed is still there

A window begins at a full multiple of its length, so a count is one INCR. Who is counted is not kept: the key holds a keyed digest, and
is gone with its window. Without Redis nothing is limited: a portal that takes no messages would be the greater harm.
"""

import ipaddress
import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import redis
from django.conf import settings
from django.http import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

logger = logging.getLogger(__name__)

R = TypeVar("R", bound=HttpResponseBase)


@dataclass(frozen=True)
class RateLimit:
    """So many `times` in a window of `seconds`."""

    name: str
    times: int
    seconds: int


class RateLimitExceeded(Exception):
    """A limit is reached; `retry_after` seconds from now it is open again. Its text is for the person."""

    def __init__(self, retry_after: int) -> None:
        minutes = -(-retry_after // 60)
        text = ngettext("Try again in %(minutes)d minute.", "Try again in %(minutes)d minutes.", minutes)
        super().__init__(_("Too many attempts. Your input has been kept.") + " " + text % {"minutes": minutes})
        self.retry_after = retry_after

    def apply_to(self, response: R) -> R:
        """The response as status 429 with `Retry-After`."""
        response.status_code = 429
        response["Retry-After"] = str(self.retry_after)
        return response


def check_rate_limits(*counts: tuple[RateLimit, str]) -> None:
    """Count once more for each limit and whom it is about; nobody (an empty text) isn't counted.

    Raises:
        TooOften: one of them is beyond its limit.
    """
    now = int(time.time())
    counted = [(limit, _key(limit, who, now)) for limit, who in counts if who]
    if not counted:
        return
    try:
        with _redis().pipeline(transaction=False) as pipeline:
            for limit, key in counted:
                pipeline.incr(key)
                pipeline.expire(key, limit.seconds)
            answers = pipeline.execute()
    except (redis.RedisError, OSError) as error:
        logger.warning("Redis is unavailable; rate limits are not enforced: %s", error)
        return
    # Every other answer is the EXPIRE's.
    waits = [limit.seconds - now % limit.seconds for (limit, _), times in zip(counted, answers[::2], strict=True) if times > limit.times]
    if waits:
        raise RateLimitExceeded(max(waits))


def network_prefix(address: str | None) -> str:
    """What counts as one network address: all of IPv4, the /64 of IPv6, of which one household has them all; empty where there is none."""
    if not address:
        return ""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _key(limit: RateLimit, who: str, now: int) -> str:
    return f"limit:{limit.name}:{now // limit.seconds}:{salted_hmac('partnerportal.limits', who, algorithm='sha256').hexdigest()[:32]}"


@cache
def _redis() -> redis.Redis:
    """Without retries: whoever sends a form waits for the answer."""
    timeouts = {"socket_timeout": settings.REDIS_TIMEOUT, "socket_connect_timeout": settings.REDIS_TIMEOUT}
    return redis.Redis.from_url(settings.REDIS_URL, retry=None, **timeouts)
