"""The Django admin behind the portal's own sign-in, and in production behind a second factor."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import secure_admin_login
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

View = Callable[..., HttpResponseBase]

#: Seconds after signing in, or after proving it again, for which an admin isn't asked.
REAUTHENTICATE_AFTER = 12 * 60 * 60


class AdminSite(admin.AdminSite):
    """Signs in through the same accounts as everybody; with `ADMIN_REQUIRES_MFA`, whoever has no second factor is led to set one up,
    and whose sign-in is older than `PROVEN_FOR` is asked to prove it again."""

    site_header = site_title = gettext_lazy("Partner Portal")
    login = method_decorator(secure_admin_login)(admin.AdminSite.login)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]  # its stubs want a view type that no def has
        return super().admin_view(second_factor_required(view), cacheable)


def second_factor_required(view: View) -> View:
    """For a view that only admins get to."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.ADMIN_REQUIRES_MFA:
            # Who has one was asked for it when signing in.
            if not is_mfa_enabled(request.user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]):
                messages.info(request, _("The admin area requires two-factor authentication. Set it up, then come back."))
                return redirect("mfa_index")
            proven = [record["at"] for record in get_authentication_records(request, request.user)]
            if time.time() - max(proven, default=0) > REAUTHENTICATE_AFTER:
                raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return guarded
