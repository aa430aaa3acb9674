"""What every answer carries, and how one says that something was done too often."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from partnerportal.core.rate_limits import RateLimitExceeded

GetResponse = Callable[[HttpRequest], HttpResponse]


class SecurityHeadersMiddleware:
    """The locks that neither Django nor django-csp sets: which features of the browser a page may use, who may embed an answer, and that
    no cache keeps what doesn't ask for it: an error's page, too, shows who is signed in.

    A view that sets one of them itself is left alone.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response


class RateLimitMiddleware:
    """Answers for `limits.TooOften`: the page for 429 where a view lets it out; the form itself, as 429, where the form has said so
    (and left the exception as `request.rate_limit_error`), because then what was typed is still there.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        error: RateLimitExceeded | None = getattr(request, "rate_limit_error", None)
        return error.apply_to(response) if error else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return exception.apply_to(render(request, "429.html")) if isinstance(exception, RateLimitExceeded) else None
