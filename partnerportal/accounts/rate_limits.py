"""How often somebody may try to sign in: what allauth doesn't count itself (`ACCOUNT_RATE_LIMITS`), and how both are said."""

from allauth.core import context
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from partnerportal.audit.context import origin
from partnerportal.core.email_addresses import canonical_address
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix

#: Seconds: the longest of allauth's windows here, which doesn't tell when one of them opens again.
WINDOW = 5 * 60
#: Mails with a reset link to one address.
RESET_LIMIT = RateLimit("reset-address", times=3, seconds=WINDOW)
#: Codes entered from one network, where many may sit; each code is good for three tries.
CODE_LIMIT = RateLimit("code-network", times=60, seconds=WINDOW)


def rate_limited(request: HttpRequest) -> HttpResponse:
    """For `handler429`: allauth refuses the whole page."""
    return RateLimitExceeded(WINDOW).apply_to(render(request, "429.html"))


def refuse(request: HttpRequest, error: RateLimitExceeded | None = None) -> ValidationError:
    """What a form of allauth's says instead of looking any further; its page becomes a 429 (`LimitsMiddleware`)."""
    error = error or RateLimitExceeded(WINDOW)
    request.rate_limit_error = error  # type: ignore[attr-defined]
    return ValidationError(str(error), code="too_often")


def check_reset_limit(email: str) -> None:
    """Count a reset that is asked for, whether or not there is an account.

    Raises:
        ValidationError: too many were, for this address.
    """
    try:
        check_rate_limits((RESET_LIMIT, canonical_address(email)))
    except RateLimitExceeded as error:
        raise refuse(context.request, error) from error


def check_code_limit() -> None:
    """Count a code that is entered.

    Raises:
        TooOften: too many came from this network. Not an error of the form: that would use up one of the code's own tries.
    """
    here = origin.get()
    check_rate_limits((CODE_LIMIT, network_prefix(here.ip_address if here else None)))
