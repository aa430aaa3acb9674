"""What holds for every page behind a personal link."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from partnerportal.audit.context import origin
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix

#: Links that lead nowhere, from one network: a person mistypes a few, whoever guesses needs 2^190.
GUESS_LIMIT = RateLimit("review-guesses", 30, 10 * 60)
#: Forms sent from one network, where a whole company may sit.
SUBMIT_LIMIT = RateLimit("review-forms", 200, 10 * 60)

View = Callable[[HttpRequest, str], HttpResponse]


def review_link_page(view: View) -> Callable[..., HttpResponse]:
    """For pages behind a personal link: kept by no cache, found by no search engine, and their address told to nobody.

    The referrer is the bare origin, not nothing: under `no-referrer` browsers send `Origin: null`, which the check
    against forged forms rightly refuses.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "strict-origin"
        return response

    return guarded


def link_not_found(request: HttpRequest) -> HttpResponse:
    """404 with what may have happened; 429 for a network that tries one after the other. A right link opens from there, too."""
    try:
        check_rate_limits((GUESS_LIMIT, _network()))
    except RateLimitExceeded as error:
        return error.mark(render(request, "429.html"))
    return render(request, "reviews/link_not_found.html", status=404)


def check_submit_limit() -> None:
    """Count a form that was sent.

    Raises:
        TooOften: too many came from this network.
    """
    check_rate_limits((SUBMIT_LIMIT, _network()))


def _network() -> str:
    here = origin.get()
    return network_prefix(here.ip_address if here else None)
