"""Account pages that allauth doesn't have, or that the portal extends."""

from typing import Any, cast

from allauth.account import views
from allauth.account.utils import get_next_redirect_url
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from partnerportal.accounts.adapter import RATE_LIMIT_WINDOW
from partnerportal.accounts.forms.accounts import AccountForm
from partnerportal.accounts.models import User
from partnerportal.core.counters import count
from partnerportal.core.language_addresses import in_other_language
from partnerportal.core.rate_limits import RateLimitExceeded


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def account_settings(request: HttpRequest) -> HttpResponse:
    """Edit the user's name, language and time zone."""
    user = cast(User, request.user)
    # A separate instance, because the page header shows request.user without unsaved input.
    form = AccountForm(
        request.POST if request.method == "POST" else None,
        instance=User.objects.get(pk=user.pk),
        has_agency=getattr(request, "agency", None) is not None,
    )
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        with override(saved.language or None):
            messages.success(request, _("Your changes have been saved."))
        return redirect("accounts:settings")
    return render(request, "accounts/account.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End another session. GET requests, which follow a sign-in, only redirect to the list."""
    if request.method == "POST":
        get_object_or_404(UserSession, user=request.user, pk=pk).end()
        messages.success(request, _("Session ended."))
    return redirect("usersessions_list")


# Exempt, so that public pages can be cached. A forged request could only change the language.
@csrf_exempt
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Change the language of the pages, and for signed-in users of their account."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    response = i18n.set_language(request)
    if language in dict(settings.LANGUAGES) and (location := response.get("Location")):
        # Pages with a language in their URL have a different URL in the other language.
        response["Location"] = in_other_language(location, language)
    return response


def change_email(request: HttpRequest) -> HttpResponseBase:
    """Run allauth's view for staff. Clients, who sign in with their address alone, change it with codes to both addresses."""
    user = request.user
    if user.is_authenticated and not user.is_staff and not cast(Any, user).memberships.exists():
        return redirect("invitations:address_change")
    response: HttpResponseBase = views.email(request)
    return response


def confirm_login_code(request: HttpRequest) -> HttpResponse:
    """Run allauth's view, but keep `next` when it redirects to request another code."""
    response: HttpResponse = views.confirm_login_code(request)
    request_code = reverse("account_request_login_code")
    if response.get("Location") == request_code and (target := get_next_redirect_url(request)):
        response["Location"] = f"{request_code}?{urlencode({'next': target})}"
    return response


def rate_limited(request: HttpRequest) -> HttpResponse:
    """Respond with 429 when one of allauth's rate limits applies to a whole page (`handler429`)."""
    count(("rate_limit_hits", ("sign_in",), 1))
    return RateLimitExceeded(RATE_LIMIT_WINDOW).apply_to(render(request, "429.html"))
