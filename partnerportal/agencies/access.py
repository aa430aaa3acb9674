"""Who may do what, in one place: `@agency_view(role=…)` stands on every view for agency staff, `@client_view` on those for clients."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from partnerportal.accounts.known_browsers import remember_user
from partnerportal.accounts.models import User
from partnerportal.accounts.reauthentication import is_recently_authenticated, redirect_to_reauthenticate
from partnerportal.agencies.form_recovery import recover_form_input, save_form_input
from partnerportal.agencies.models import Agency, Membership, Role

P = ParamSpec("P")

#: The session's key for the page that somebody wanted who had to set up a second factor first.
NEXT_PAGE_KEY = "wanted_page"


class AgencyRequest(HttpRequest):
    """The request that a view behind `@agency_view` gets: somebody is signed in and works for an agency."""

    user: User
    agency: Agency
    membership: Membership
    memberships: list[Membership]
    #: All of the agency's memberships, the oldest first, `with_second_factor`.
    members: list[Membership]
    #: Everybody who works for the agency, by name.
    team: list[User]
    #: What a form is to be filled with: what was posted, or what was typed before the session ended; else None.
    input: QueryDict | None


def agency_view(
    *, role: Role = Role.STAFF, methods: tuple[str, ...] = ("GET", "POST"), confirm: bool = False, any_sign_in: bool = False
) -> Callable[[Callable[Concatenate[AgencyRequest, P], HttpResponseBase]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Let in members of an agency with at least `role`, by one of `methods` (HEAD goes with GET).

    Nobody signed in: the sign-in page, and back afterwards. No membership, or a role too weak: 403.
    Another method: 405. The view gets `request.agency` and `request.membership`.

    An agency can require a second factor: who has none is led to a page that says so, unless the view takes `any_sign_in`. For what must
    not happen at a screen that somebody left, `confirm` asks who it is, when the sign-in is a while ago; what was typed is kept.
    """

    def decorate(
        view: Callable[Concatenate[AgencyRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                save_form_input(request)
                # An address that only takes a POST is no place to come back to.
                return redirect_to_login(request.get_full_path() if "GET" in methods else "/")
            membership: Membership | None = cast(Any, request).membership
            if membership is None or not membership.may(role):
                raise PermissionDenied
            if membership.lacks_second_factor and not any_sign_in:
                if "GET" in methods:
                    request.session[NEXT_PAGE_KEY] = request.get_full_path()
                # It may have become a must while somebody typed.
                save_form_input(request, confirming=True)
                return _redirect(request, reverse("agencies:second_factor_required"))
            if confirm and not is_recently_authenticated(request):
                answer = redirect_to_reauthenticate(request, back_to=request.get_full_path() if "GET" in methods else "/")
                # Now, for who signs in by a code alone has just been signed out, and their session emptied.
                save_form_input(request, confirming=True)
                return _redirect(request, answer["Location"])
            staff = cast(AgencyRequest, request)
            staff.input = request.POST if request.method == "POST" else recover_form_input(request)
            response = view(staff, *args, **kwargs)
            remember_user(request, response)
            return response

        allowed = [*methods, "HEAD"] if "GET" in methods else list(methods)
        view_with_methods = require_http_methods(allowed)(guarded)
        view_with_methods.agency_role = role  # type: ignore[attr-defined]  # read by the test that walks the URLconf
        return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], view_with_methods)

    return decorate


def _redirect(request: HttpRequest, address: str) -> HttpResponseBase:
    """To another page as a whole, even from within a dialog."""
    if cast(Any, request).htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


class ClientRequest(HttpRequest):
    """The request that a view behind `@client_view` gets: somebody is signed in, agency or not."""

    user: User
    #: As `AgencyRequest.input`.
    input: QueryDict | None


def client_view(
    *, methods: tuple[str, ...] = ("GET", "POST"), why: Callable[..., str] | None = None
) -> Callable[[Callable[Concatenate[ClientRequest, P], HttpResponseBase]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Let in whoever is signed in, by one of `methods`; everybody else may sign in by a code, which also opens an account.

    `why`, called with the view's arguments, says on the sign-in page what it is for. The view itself sees to it that nobody gets
    at what is another's.
    """

    def decorate(
        view: Callable[Concatenate[ClientRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                save_form_input(request)
                target = request.get_full_path() if "GET" in methods else reverse("invitations:access_list")
                return redirect_to_login(target, login_url=reverse("account_request_login_code"))
            client = cast(ClientRequest, request)
            client.input = request.POST if request.method == "POST" else recover_form_input(request)
            response = view(client, *args, **kwargs)
            remember_user(request, response)
            return response

        allowed = [*methods, "HEAD"] if "GET" in methods else list(methods)
        view_with_methods = require_http_methods(allowed)(guarded)
        # Both are read where a code is asked for (accounts/clients.py).
        view_with_methods.for_clients = True  # type: ignore[attr-defined]
        view_with_methods.why = why  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], view_with_methods)

    return decorate
