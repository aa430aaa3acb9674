"""Asking once more who is there, before what must not happen at a screen that somebody left unlocked.

Whoever signed in, or confirmed it, within `ACCOUNT_REAUTHENTICATION_TIMEOUT` isn't asked. Everybody else is sent to allauth's page, which
takes the password or the second factor; who has neither (they sign in by a code alone) signs in anew.
"""

import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

#: The session's key for the moment of the sign-in, in seconds since 1970.
SESSION_KEY = "signed_in_at"


@receiver(user_logged_in, dispatch_uid="accounts.remember_sign_in")
def record_sign_in(request: HttpRequest, **_kwargs: Any) -> None:
    """A sign-in, by whatever means, confirms who is there."""
    request.session[SESSION_KEY] = time.time()


def signed_in_recently(request: HttpRequest) -> bool:
    """Whether this session began a short while ago."""
    return time.time() - float(request.session.get(SESSION_KEY, 0)) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def is_recently_authenticated(request: HttpRequest) -> bool:
    """Whether we know well enough that it is still the same person."""
    return signed_in_recently(request) or (bool(_methods(request.user)) and did_recently_reauthenticate(request))


def redirect_to_reauthenticate(request: HttpRequest, *, back_to: str) -> HttpResponse:
    """To the page that asks, and from there to the address `back_to`."""
    methods = _methods(request.user)
    if methods:
        return redirect_to_login(back_to, login_url=methods[0]["url"])
    logout(request)
    return redirect_to_login(back_to, login_url=reverse("account_request_login_code"))


def _methods(user: Any) -> list[dict[str, str]]:
    methods: list[dict[str, str]] = get_adapter().get_reauthentication_methods(user)
    return methods
