"""One's own account: what django-allauth has no page for."""

from typing import cast

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

from partnerportal.accounts.forms.accounts import AccountForm
from partnerportal.accounts.models import User
from partnerportal.core.language_addresses import in_other_language


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone."""
    user = cast(User, request.user)
    # Of the form's own, so that what is typed doesn't stand in the page's head before it is saved.
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
    """Sign out somewhere else. A GET, which comes of signing in again on the way here, only leads back to the list."""
    if request.method == "POST":
        get_object_or_404(UserSession, user=request.user, pk=pk).end()
        messages.success(request, _("Session ended."))
    return redirect("usersessions_list")


# Without a token, so that public pages need no cookie and can be cached; all that a forged form could do is change the language.
@csrf_exempt
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Read this in another language; who is signed in reads it so everywhere, and gets their mails so."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    response = i18n.set_language(request)
    if language in dict(settings.LANGUAGES) and (location := response.get("Location")):
        # A page whose address fixes the language has another address in the other.
        response["Location"] = in_other_language(location, language)
    return response


def confirm_login_code(request: HttpRequest) -> HttpResponse:
    """allauth's own; on the way back to ask for another code (three wrong ones, too late), it is kept where the person wanted to go."""
    response: HttpResponse = views.confirm_login_code(request)
    ask_again = reverse("account_request_login_code")
    if response.get("Location") == ask_again and (target := get_next_redirect_url(request)):
        response["Location"] = f"{ask_again}?{urlencode({'next': target})}"
    return response
