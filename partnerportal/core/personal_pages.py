"""Protection of pages behind personal links: caching, search engines, referrers and guessing."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import urlencode
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


def in_language(language: str, respond: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the response of `respond` in a language, with its header: the middleware sets only the browser's."""
    with translation.override(language):
        response = respond()
    response["Content-Language"] = language
    return response


def selected_language(request: HttpRequest, default: str) -> str:
    """Return the language selected on the page, or the default."""
    selected = request.POST.get("language") or request.GET.get("language")
    return selected if selected in dict(settings.LANGUAGES) else default


def language_query(request: HttpRequest) -> str:
    """Return a query string that preserves the selected language."""
    language = selected_language(request, "")
    return f"?{urlencode({'language': language})}" if language else ""


def unsubscribe_page(
    request: HttpRequest,
    template: str,
    *,
    agency: Any,
    language: str,
    undo: str,
    opt_out: Callable[[], object],
    is_opted_out: Callable[[], bool],
) -> HttpResponse:
    """Opt out by the page's button or an e-mail program's one-click request (RFC 8058), and show the page.

    RFC 8058 requires a POST without cookie or CSRF token, so the view is exempt. Other POST requests, such as those of
    scanners, only show the page. `undo` is the path of the view that undoes it.
    """
    if request.POST.get("List-Unsubscribe") == "One-Click":
        opt_out()
        if "page" in request.POST:
            return redirect(request.get_full_path())
    context = {"agency": agency, "opted_out": is_opted_out(), "undo": f"{undo}{language_query(request)}"}
    return in_language(selected_language(request, language), lambda: render(request, template, context))


def link_not_found(request: HttpRequest, template: str, *, limit: RateLimit, address: str | None) -> HttpResponse:
    """Return 404, or 429 if the network of the IP `address` requested too many unknown links."""
    try:
        check_rate_limits((limit, network_prefix(address)))
    except RateLimitExceeded as error:
        return error.apply_to(render(request, "429.html"))
    return render(request, template, status=404)
