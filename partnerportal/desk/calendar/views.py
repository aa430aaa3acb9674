"""The member's calendar settings, and the feed that calendar apps read."""

import time
from collections.abc import Iterator

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.audit.context import origin
from partnerportal.core.personal_pages import guess_limit, link_not_found
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits
from partnerportal.desk.calendar.entries import Entry, entries_of
from partnerportal.desk.calendar.forms import CalendarForm
from partnerportal.desk.calendar.ics import etag_of, write_calendar
from partnerportal.desk.calendar.models import CalendarFeed
from partnerportal.desk.calendar.queries import find_feed
from partnerportal.desk.calendar.services import end_feed, replace_link, save_feed

GUESS_LIMIT = guess_limit("calendar-guesses")
#: Requests of one feed: enough for several devices, too few for a program that reads without a pause.
FEED_LIMIT = RateLimit("calendar-feed", 60, 10 * 60)
#: Seconds for which `Last-Modified` of a feed's contents is remembered.
REMEMBERED = 60 * 24 * 60 * 60


@agency_view()
def calendar(request: AgencyRequest) -> HttpResponse:
    """Show the link of the member's feed. The form creates the feed, or changes what it contains."""
    feed = CalendarFeed.objects.filter(member=request.membership).first()
    form = CalendarForm(request.form_data, feed=feed)
    if request.method == "POST" and form.is_valid():
        is_new = save_feed(request.membership, whose=form.cleaned_data["whose"])
        messages.success(
            request, _("Calendar link created.") if is_new else _("Calendar saved. Your calendar app shows it after its next update.")
        )
        return redirect("desk:calendar")
    return render(request, "desk/calendar.html", {"feed": feed, "form": form})


@agency_view(methods=("POST",))
def calendar_replace(request: AgencyRequest) -> HttpResponse:
    """Replace the link of the member's feed."""
    if replace_link(request.membership):
        messages.success(request, _("Calendar link replaced. The previous one no longer works."))
    return redirect("desk:calendar")


@agency_view(methods=("POST",))
def calendar_end(request: AgencyRequest) -> HttpResponse:
    """Turn the member's feed off."""
    if end_feed(request.membership):
        messages.success(request, _("Calendar turned off. Its link no longer works."))
    return redirect("desk:calendar")


@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """Return a feed as iCalendar. Its address is the only authorization."""
    response = _feed(request, token)
    patch_cache_control(response, private=True, no_cache=True)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _feed(request: HttpRequest, token: str) -> HttpResponseBase:
    here = origin.get()
    feed = find_feed(token)
    if feed is None:
        return link_not_found(request, "404.html", limit=GUESS_LIMIT, address=here.ip_address if here else None)
    try:
        check_rate_limits((FEED_LIMIT, str(feed.pk)))
    except RateLimitExceeded as error:
        return error.apply_to(render(request, "429.html"))
    language = feed.member.language
    with translation.override(language):
        name = _("%(agency)s · Due dates") % {"agency": feed.member.agency}
        entries = entries_of(feed)
    etag = etag_of(name, entries)
    modified = _first_seen(feed, etag)
    response = get_conditional_response(request, etag=etag, last_modified=modified) or _calendar(request, name, language, entries)
    response["ETag"], response["Last-Modified"] = etag, http_date(modified)
    return response


def _calendar(request: HttpRequest, name: str, language: str, entries: list[Entry]) -> HttpResponseBase:
    # The response to HEAD has no body, so nothing is written for it.
    parts: Iterator[bytes] = iter(()) if request.method == "HEAD" else write_calendar(name, language, entries)
    response = StreamingHttpResponse(parts, content_type="text/calendar; charset=utf-8")
    response["Content-Language"] = language
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return response


def _first_seen(feed: CalendarFeed, etag: str) -> int:
    """Return the time since which a feed has had these contents, as far as known, in seconds.

    No later contents have the same time, because clients that send only `If-Modified-Since` would miss them.
    """
    key = f"calendar-feed:{feed.pk}"
    known, since = cache.get(key) or ("", 0)
    if known != etag:
        since = max(int(time.time()), since + 1)
        cache.set(key, (etag, since), REMEMBERED)
    return since
