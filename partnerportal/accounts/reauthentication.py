"""Reauthentication before sensitive actions.

A sign-in or reauthentication is valid for `ACCOUNT_REAUTHENTICATION_TIMEOUT` seconds. Afterwards,
allauth's page asks for the password or second factor. Users who have neither, because they sign in
with a code, sign in again.
"""

import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

#: Session key of the time of the sign-in, as a Unix timestamp.
SESSION_KEY = "signed_in_at"


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether the session began recently."""
    return time.time() - float(request.session.get(SESSION_KEY, 0)) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def is_recently_authenticated(request: HttpRequest) -> bool:
    """Return whether the user has signed in or reauthenticated recently."""
    return signed_in_recently(request) or (bool(_methods(request.user)) and did_recently_reauthenticate(request))


def redirect_to_reauthenticate(request: HttpRequest, *, back_to: str) -> HttpResponse:
    """Redirect to reauthentication, which then redirects to `back_to`."""
    if methods := _methods(request.user):
        return redirect_to_login(back_to, login_url=methods[0]["url"])
    logout(request)
    return redirect_to_login(back_to, login_url=reverse("account_request_login_code"))


def _methods(user: Any) -> list[dict[str, str]]:
    methods: list[dict[str, str]] = get_adapter().get_reauthentication_methods(user)
    return methods
