"""Middleware that sets the current agency on the request."""

import zoneinfo
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from partnerportal.agencies.backends import colleagues

#: Session key of the agency selected by a user with several.
SESSION_KEY = "agency_id"


class AgencyMiddleware:
    """Set the request's `agency` and `membership` (None if there is none), `memberships`, `members` and `team`.

    Users with several agencies work in the last selected one, or in the oldest by default. Times
    are displayed in the user's time zone, or in the agency's by default.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        staff = cast(Any, request)
        staff.memberships, staff.membership, staff.agency, staff.members, staff.team = [], None, None, [], []
        # The session key is checked first, so that pages for anonymous visitors run no query.
        if request.session.get("_auth_user_id") and request.user.is_authenticated:
            # Loaded with the user, because nearly every page lists colleagues as choices.
            memberships = request.user.colleagues if hasattr(request.user, "colleagues") else colleagues(user=request.user.pk)
            staff.memberships = [membership for membership in memberships if membership.user_id == request.user.pk]
            selected = request.session.get(SESSION_KEY)
            for membership in staff.memberships:
                if staff.membership is None or membership.agency_id == selected:
                    staff.membership = membership
        if staff.membership is None:
            return self.get_response(request)
        staff.agency = staff.membership.agency
        staff.members = [member for member in memberships if member.agency_id == staff.agency.pk]
        staff.team = sorted((member.user for member in staff.members), key=str)
        with timezone.override(zoneinfo.ZoneInfo(staff.user.time_zone or staff.agency.time_zone)):
            return self.get_response(request)
