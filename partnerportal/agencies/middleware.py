"""Puts the current agency on the request."""

import zoneinfo
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from partnerportal.agencies.models import Membership

#: The session's key for the agency that a person with several works in now.
SESSION_KEY = "agency_id"


class AgencyMiddleware:
    """Sets `request.memberships`, `request.membership` and `request.agency` (None where there is none), its `members` and its `team`.

    Who belongs to several agencies works in the one chosen last (`agencies:switch`), at first in the oldest.
    Staff see times in their agency's zone, unless they chose one for themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        staff = cast(Any, request)
        staff.memberships, staff.membership, staff.agency, staff.members, staff.team = [], None, None, [], []
        # Anonymous visitors bring no session: their pages cost no query here.
        if request.session.get("_auth_user_id") and request.user.is_authenticated:
            # One query for the person's agencies and their colleagues, whom nearly every page of staff offers to choose from.
            mine = Membership.objects.filter(user=request.user).values("agency")
            everybody = Membership.objects.filter(agency__in=mine).with_second_factor().select_related("agency", "user")
            memberships = list(everybody.order_by("created_at", "pk"))
            staff.memberships = [membership for membership in memberships if membership.user_id == request.user.pk]
            chosen = request.session.get(SESSION_KEY)
            for membership in staff.memberships:
                if staff.membership is None or membership.agency_id == chosen:
                    staff.membership = membership
        if staff.membership is None:
            return self.get_response(request)
        staff.agency = staff.membership.agency
        staff.members = [member for member in memberships if member.agency_id == staff.agency.pk]
        staff.team = sorted((member.user for member in staff.members), key=str)
        with timezone.override(zoneinfo.ZoneInfo(staff.user.time_zone or staff.agency.time_zone)):
            return self.get_response(request)
