"""Admin site that uses the portal's sign-in, and in production requires a second factor."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import secure_admin_login
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.accounts.queries import SECOND_FACTORS

View = Callable[..., HttpResponseBase]

#: Seconds until administrators have to reauthenticate.
REAUTHENTICATE_AFTER = 12 * 60 * 60


class AdminSite(admin.AdminSite):
    """Admin site with the portal's sign-in and, if `ADMIN_REQUIRES_MFA`, a second factor."""

    site_header = site_title = gettext_lazy("Partner Portal")
    login = method_decorator(secure_admin_login)(admin.AdminSite.login)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "version": settings.VERSION}

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]  # its stubs expect a view type that no function has
        return super().admin_view(second_factor_required(view), cacheable)


def second_factor_required(view: View) -> View:
    """Require a second factor and a recent sign-in for an admin view."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.ADMIN_REQUIRES_MFA:
            if not is_mfa_enabled(request.user, SECOND_FACTORS):
                messages.info(request, _("The admin area requires two-factor authentication. Set it up, then come back."))
                return redirect("mfa_index")
            authenticated_at = [record["at"] for record in get_authentication_records(request, request.user)]
            if time.time() - max(authenticated_at, default=0) > REAUTHENTICATE_AFTER:
                raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return guarded
