"""Protection of pages behind personal links: caching, search engines, referrers and guessing."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix

P = ParamSpec("P")


def guess_limit(name: str) -> RateLimit:
    """Return a rate limit for unknown links that permits typing errors."""
    return RateLimit(name, 30, 10 * 60)


def personal_page(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Decorate a view behind a personal link, to prevent caching, indexing and leaking its URL.

    Not `no-referrer`, because browsers would send `Origin: null`, which the CSRF check rejects.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "strict-origin"
        return response

    return guarded


def link_not_found(request: HttpRequest, template: str, *, limit: RateLimit, address: str | None) -> HttpResponse:
    """Return 404, or 429 if the network of the IP `address` requested too many unknown links."""
    try:
        check_rate_limits((limit, network_prefix(address)))
    except RateLimitExceeded as error:
        return error.apply_to(render(request, "429.html"))
    return render(request, template, status=404)
