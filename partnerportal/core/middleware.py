"""Security headers, compression, and responses to exceeded rate limits."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from partnerportal.core.rate_limits import RateLimitExceeded

GetResponse = Callable[[HttpRequest], HttpResponse]

#: Content types that are compressed.
_TEXTS = re.compile(r"text/|image/svg\+xml|application/([\w.-]+\+)?(json|xml)\b")


class SecurityHeadersMiddleware:
    """Adds the security headers that neither Django nor django-csp sets, unless the view has set them.

    Responses aren't cached by default, because even error pages show who is signed in.
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


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages and other texts, but not other images, which are compressed already.

    Django adds up to 100 random bytes to each response against BREACH (`docs/decisions/0021`).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not _TEXTS.match(response.get("Content-Type", "")):
            return response
        return super().process_response(request, response)


class RateLimitMiddleware:
    """Answers exceeded rate limits with status 429.

    A `RateLimitExceeded` raised by a view renders the error page. Forms that handle it set
    `request.rate_limit_error` instead, and are shown again with their input.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        error: RateLimitExceeded | None = getattr(request, "rate_limit_error", None)
        return error.apply_to(response) if error else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return exception.apply_to(render(request, "429.html")) if isinstance(exception, RateLimitExceeded) else None
