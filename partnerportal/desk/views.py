"""Start page, dashboard, search, error pages, web app manifest and health checks."""

import sys
from typing import Any, cast
from urllib.parse import quote, urlencode

import redis
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from customers.models import Task
from customers.services.items import complete_task, reopen_task
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.agencies.services.setup import dismiss_setup_steps, restore_setup_steps
from partnerportal.core.redirects import redirect_back
from partnerportal.core.undo import success_with_undo
from partnerportal.desk.commands import commands_for
from partnerportal.desk.dashboard import OpenRequest, dashboard_for, summary_of, today_text
from partnerportal.desk.rows import task_row
from partnerportal.desk.search import MAX_HITS, search
from partnerportal.desk.sections import SECTIONS, sections_for
from partnerportal.desk.setup import steps_of
from reviews.views.requests import errors_as_messages, resend

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
    """Show what needs attention: the whole agency's, or the member's own (`?whose=mine`)."""
    mine, section = request.GET.get("whose") == "mine", request.GET.get("section", "")
    here = request.get_full_path()
    context: dict[str, Any] = {"mine": mine, "here": here, "quoted": quote(here), "message": ""}
    if section in SECTIONS:
        sections = sections_for(request.membership, request.team, mine=mine, only=section)
        context |= {"section": sections[0] if sections else None, "title": SECTIONS[section][0]}
        return render(request, "desk/dashboard_section.html", context)
    shown = dashboard_for(request.membership, request.team, mine=mine)
    context |= {"dashboard": shown, "today": today_text(), "summary": summary_of(shown.sections)}
    return render(request, "desk/dashboard.html", context)


@agency_view(methods=("POST",))
def task_done(request: AgencyRequest, pk: int) -> HttpResponse:
    """Complete a task on the dashboard."""
    task = _get_task(request, pk)
    complete_task(task, by=request.user)
    return _task_response(request, task, _("“%(task)s” marked as done.") % {"task": task})


@agency_view(methods=("POST",))
def task_undo(request: AgencyRequest, pk: int) -> HttpResponse:
    """Reopen a task that was just completed on the dashboard."""
    task = _get_task(request, pk)
    reopen_task(task, by=request.user)
    return _task_response(request, task, _("“%(task)s” reopened.") % {"task": task})


def _get_task(request: AgencyRequest, pk: int) -> Task:
    task: Task = get_object_or_404(request.agency.tasks.select_related("customer__agency"), pk=pk)
    return task


def _task_response(request: AgencyRequest, task: Task, message: str) -> HttpResponse:
    """Return the task's new row for htmx, or else redirect to the dashboard."""
    if cast(Any, request).htmx:
        row = task_row(task, request.membership, request.team)
        here = cast(Any, request).htmx.current_url_abs_path or reverse("desk:dashboard")
        return render(request, "desk/includes/_row.html", {"row": row, "message": message, "here": here, "quoted": quote(here)})
    success_with_undo(request, message, reverse("desk:task_undo" if task.is_done else "desk:task_done", args=[task.pk]))
    return redirect_back(request, reverse("desk:dashboard"))


@agency_view(methods=("POST",))
def remind(request: AgencyRequest, pk: int) -> HttpResponse:
    """E-mail the link of an open review request again. Return its new row for htmx, or else redirect to the dashboard."""
    own = request.agency.review_requests.select_related("agency", "customer", "contact")
    with errors_as_messages(request):
        message = resend(request, get_object_or_404(own, pk=pk))
        if cast(Any, request).htmx:
            row = {"open": OpenRequest(own.get(pk=pk), "sent"), "message": message}
            return render(request, "desk/includes/_asked_row.html", row)
        messages.success(request, message)
    return redirect_back(request, reverse("desk:dashboard"))


@agency_view(methods=("POST",))
def setup_dismiss(request: AgencyRequest) -> HttpResponse:
    """Stop showing one setup step (`step`), or all steps that the member sees."""
    steps = steps_of(request.membership)
    chosen = request.POST.get("step")
    dismissed = dismiss_setup_steps(request.agency, [step for step in steps if chosen in (None, step)])
    if dismissed:
        text = _("Step skipped.") if chosen else _("Setup steps hidden.")
        query = urlencode({"step": dismissed}, doseq=True)
        success_with_undo(request, text, f"{reverse('desk:setup_restore')}?{query}")
    return redirect("desk:dashboard")


@agency_view(methods=("POST",))
def setup_restore(request: AgencyRequest) -> HttpResponse:
    """Show dismissed setup steps again (`step` in the URL), of those that the member sees."""
    chosen = request.GET.getlist("step")
    restore_setup_steps(request.agency, [step for step in steps_of(request.membership) if step in chosen])
    return redirect("desk:dashboard")


@agency_view(methods=("GET",))
def search_page(request: AgencyRequest) -> HttpResponse:
    """Search all objects. htmx requests get the list below the search box with commands, others a page."""
    query = request.GET.get("q", "")
    groups = search(request.agency, query, member=request.membership)
    if not cast(Any, request).htmx:
        return render(request, "desk/search.html", {"q": query, "groups": groups, "max_hits": MAX_HITS})
    commands = commands_for(request.membership, query, groups)
    return render(request, "desk/includes/_results.html", {"q": query, "groups": groups, "commands": commands})


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
    """Report that the process is running, and to administrators its version."""
    return JsonResponse({"status": "ok"} | ({"version": settings.VERSION} if _is_administrator(request) else {}))


def _is_administrator(request: HttpRequest) -> bool:
    try:
        return request.user.is_active and request.user.is_staff
    except SERVICE_ERRORS:
        return False


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
