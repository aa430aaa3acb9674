"""Rate limits, counted in Redis and shared by all processes.

    try:
        check_rate_limits((PER_SENDER, email), (PER_NETWORK, network_prefix(address)))
    except RateLimitExceeded as error:
        form.add_error(None, str(error))
        return error.apply_to(render(request, …))     # 429 with Retry-After; the form keeps its input

Windows start at multiples of their length, so that each count is one INCR. The keys contain a keyed
digest of the subject. While Redis is unavailable, nothing is limited.
"""

import ipaddress
import logging
import time
from dataclasses import dataclass
from typing import TypeVar

import redis
from django.http import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerportal.core.counters import count
from partnerportal.core.redis_connection import redis_connection

logger = logging.getLogger(__name__)

R = TypeVar("R", bound=HttpResponseBase)


@dataclass(frozen=True)
class RateLimit:
    """Maximum number of `times` in a window of `seconds`."""

    name: str
    times: int
    seconds: int


class RateLimitExceeded(Exception):
    """Raised when a limit is exceeded for another `retry_after` seconds. Users see its text."""

    def __init__(self, retry_after: int) -> None:
        minutes = -(-retry_after // 60)
        text = ngettext("Try again in %(minutes)d minute.", "Try again in %(minutes)d minutes.", minutes)
        super().__init__(_("Too many attempts. Your input has been kept.") + " " + text % {"minutes": minutes})
        self.retry_after = retry_after

    def apply_to(self, response: R) -> R:
        """Return the response with status 429 and `Retry-After`."""
        response.status_code = 429
        response["Retry-After"] = str(self.retry_after)
        return response


def check_rate_limits(*counts: tuple[RateLimit, str]) -> None:
    """Count an attempt for each limit and subject, such as an e-mail address. Empty subjects aren't counted.

    Raises:
        RateLimitExceeded: At least one limit is exceeded.
    """
    now = int(time.time())
    counted = [(limit, _key(limit, subject, now)) for limit, subject in counts if subject]
    if not counted:
        return
    try:
        with redis_connection().pipeline(transaction=False) as pipeline:
            for limit, key in counted:
                pipeline.incr(key)
                pipeline.expire(key, limit.seconds)
            results = pipeline.execute()
    except (redis.RedisError, OSError) as error:
        logger.warning("Redis is unavailable; rate limits are not enforced: %s", error)
        return
    # The results of INCR and EXPIRE alternate.
    exceeded = [limit for (limit, _), times in zip(counted, results[::2], strict=True) if times > limit.times]
    if exceeded:
        count(*(("rate_limit_hits", (limit.name,), 1) for limit in exceeded))
        raise RateLimitExceeded(max(limit.seconds - now % limit.seconds for limit in exceeded))


def network_prefix(address: str | None) -> str:
    """Return an IPv4 address, or the /64 network of an IPv6 address, which one household shares."""
    if not address:
        return ""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _key(limit: RateLimit, subject: str, now: int) -> str:
    digest = salted_hmac("partnerportal.limits", subject, algorithm="sha256").hexdigest()[:32]
    return f"limit:{limit.name}:{now // limit.seconds}:{digest}"
