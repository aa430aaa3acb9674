"""The page behind a team invitation's link, which only the invited address can accept."""

from typing import Any, cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from partnerportal.accounts.models import User
from partnerportal.accounts.queries import find_account, has_address
from partnerportal.agencies.forms.team import JoinForm
from partnerportal.agencies.middleware import SESSION_KEY
from partnerportal.agencies.models import TeamInvitation
from partnerportal.agencies.services.team_invitations import accept, accept_with_new_account
from partnerportal.audit.context import origin
from partnerportal.core.pending import InvalidTransition
from partnerportal.core.personal_pages import guess_limit, link_not_found, personal_page

GUESS_LIMIT = guess_limit("team-guesses")


@sensitive_post_parameters("password")
@personal_page
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show a team invitation, and accept it by POST."""
    invitation = TeamInvitation.objects.select_related("agency", "invited_by").with_token(token).first()
    if invitation is None:
        here = origin.get()
        address = here.ip_address if here else None
        return link_not_found(request, "agencies/join_not_found.html", limit=GUESS_LIMIT, address=address)
    try:
        invitation.ensure_status(TeamInvitation.Status.PENDING)
        if request.user.is_authenticated:
            return _join_signed_in(request, invitation)
        account = find_account(invitation.email)
        return _join_as_new_user(request, invitation) if account is None else _ask_to_sign_in(request, invitation, account)
    except InvalidTransition as error:
        return render(request, "agencies/join_closed.html", {"invitation": invitation, "state": error.state}, status=410)


def _join_signed_in(request: HttpRequest, invitation: TeamInvitation) -> HttpResponse:
    """Let a user with the invited address accept."""
    user = cast(User, request.user)
    if not has_address(user, invitation.email):
        return render(request, "agencies/join_wrong_account.html", {"invitation": invitation}, status=403)
    if request.method != "POST":
        return render(request, "agencies/join.html", {"invitation": invitation})
    accept(invitation, user=user)
    _enter_agency(request, invitation)
    return redirect("desk:dashboard")


def _ask_to_sign_in(request: HttpRequest, invitation: TeamInvitation, account: User) -> HttpResponse:
    """Link to the sign-in page: with a password, or for clients with a code."""
    page = reverse("account_login" if account.has_usable_password() else "account_request_login_code")
    context = {"invitation": invitation, "account": account, "sign_in": f"{page}?{urlencode({'next': request.path})}"}
    return render(request, "agencies/join_sign_in.html", context)


def _join_as_new_user(request: HttpRequest, invitation: TeamInvitation) -> HttpResponse:
    """Create an account from a name and a password. The link has already verified the address."""
    form = JoinForm(request.POST if request.method == "POST" else None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        fields = {name: form.cleaned_data[name] for name in ("full_name", "password")}
        try:
            member = accept_with_new_account(invitation, language=get_language() or invitation.agency.language, **fields)
        except ValidationError as error:
            messages.info(request, " ".join(error.messages))
            return redirect(request.path)
        response: Any = perform_login(request, member.user, redirect_url=reverse("desk:dashboard"))
        _enter_agency(request, invitation)
        return cast(HttpResponse, response)
    return render(request, "agencies/join.html", {"invitation": invitation, "form": form})


def _enter_agency(request: HttpRequest, invitation: TeamInvitation) -> None:
    request.session[SESSION_KEY] = invitation.agency_id
    messages.success(request, _("Welcome! You’re now part of %(agency)s.") % {"agency": invitation.agency})
