"""Middleware that applies the user's language and time zone."""

import zoneinfo
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from partnerportal.core.language_addresses import fixed_language


class UserPreferencesMiddleware:
    """Apply the account's language and time zone. A language in the URL takes precedence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The session key is checked first, so that pages for anonymous visitors run no query.
        if not (request.session.get("_auth_user_id") and request.user.is_authenticated):
            return self.get_response(request)
        if request.user.language and not fixed_language(request):
            # Not restored here, because LanguageMiddleware still needs the language for the response.
            translation.activate(request.user.language)
            cast(Any, request).LANGUAGE_CODE = request.user.language
        zone = request.user.time_zone
        with timezone.override(zoneinfo.ZoneInfo(zone)) if zone else nullcontext():
            return self.get_response(request)
