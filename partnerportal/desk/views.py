"""Start page, dashboard, search, error pages, web app manifest and health checks."""

import sys
from typing import Any, cast

import redis
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.desk.dashboard import cards_for
from partnerportal.desk.search import search

#: Exceptions raised when PostgreSQL or Redis is unavailable.
SERVICE_ERRORS = (OperationalError, InterfaceError, redis.ConnectionError, redis.TimeoutError)
#: Seconds after which clients can retry while a service is unavailable.
RETRY_AFTER = 30
#: Background colour of the light scheme (`--canvas` in static/css/tokens.css).
CANVAS = "#f6f5f2"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Redirect users to their start page."""
    if cast(Any, request).membership:
        return redirect("desk:dashboard")
    is_client = request.user.is_authenticated and not request.user.is_staff
    return redirect("invitations:access_list" if is_client else "network:directory")


@agency_view(methods=("GET",))
def dashboard(request: AgencyRequest) -> HttpResponse:
    """Show the open items of each type."""
    return render(request, "desk/dashboard.html", {"cards": cards_for(request.agency)})


@agency_view(methods=("GET",))
def search_page(request: AgencyRequest) -> HttpResponse:
    """Search all objects. htmx requests get the list below the search box, others a page."""
    query = request.GET.get("q", "")
    template = "desk/includes/_results.html" if cast(Any, request).htmx else "desk/search.html"
    return render(request, template, {"q": query, "groups": search(request.agency, query)})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return status 413 for request bodies that are too large, and 400 otherwise (`handler400`).

    Django's own view reads the CSRF token from the form, which fails for forms that can't be decoded.
    """
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return status 503 if the database or the broker is unavailable, and 500 otherwise (`handler500`)."""
    if isinstance(sys.exc_info()[1], SERVICE_ERRORS):
        # Rendered without the request, because its context processors query the database.
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": str(RETRY_AFTER)})
    return HttpResponseServerError(render_to_string("500.html"))


@cache_control(public=True, max_age=60 * 60 * 24)
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Return the web app manifest: name, colours and icons for home screens."""
    icons = [
        {"src": static(f"img/icon{kind}-{side}.png"), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
        for kind, purpose in (("", "any"), ("-maskable", "maskable"))
        for side in (192, 512)
    ]
    name = _("Partner Portal")
    content = {
        "id": "/",
        "name": name,
        "short_name": name,
        "lang": get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "minimal-ui",
        "theme_color": CANVAS,
        "background_color": CANVAS,
        "icons": [*icons, {"src": static("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }
    return JsonResponse(content, content_type="application/manifest+json")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Report that the process is running."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Report whether database and broker respond, with status 503 if one of them doesn't."""
    checks = {"database": _database_answers(), "broker": _broker_answers()}
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    # No retries, because the current state is requested.
    timeouts = {"socket_timeout": settings.REDIS_TIMEOUT, "socket_connect_timeout": settings.REDIS_TIMEOUT}
    try:
        with redis.Redis.from_url(settings.REDIS_URL, retry=None, **timeouts) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
