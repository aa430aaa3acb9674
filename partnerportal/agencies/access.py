"""Access rules: `@agency_view(role=…)` for views of agency staff, `@client_view` for those of clients."""

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
GuardedView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

#: Session key of the page to return to after setting up a required second factor.
NEXT_PAGE_KEY = "wanted_page"


class ClientRequest(HttpRequest):
    """Request of a signed-in user, with or without an agency, as received by an `@client_view`."""

    user: User
    #: Data for the page's form: the POST data, or the input recovered after a sign-in, or None.
    form_data: QueryDict | None


class AgencyRequest(ClientRequest):
    """Request of a signed-in agency member, as received by an `@agency_view`."""

    agency: Agency
    membership: Membership
    memberships: list[Membership]
    #: All memberships of the agency, oldest first, annotated by `with_second_factor()`.
    members: list[Membership]
    #: All users of the agency, sorted by name.
    team: list[User]


def agency_view(
    *,
    role: Role = Role.STAFF,
    methods: tuple[str, ...] = ("GET", "POST"),
    reauthenticate: bool = False,
    allow_without_second_factor: bool = False,
) -> Callable[[Callable[Concatenate[AgencyRequest, P], HttpResponseBase]], GuardedView[P]]:
    """Restrict a view to agency members with at least `role`.

    Anonymous users are redirected to the sign-in page. Users without a sufficient role get 403, and
    methods other than `methods` get 405. Members without a required second factor are asked to set
    one up, except by views that `allow_without_second_factor`. Views that `reauthenticate` require
    a recent sign-in. Form input survives each of these redirects.
    """

    def decorate(view: Callable[Concatenate[AgencyRequest, P], HttpResponseBase]) -> GuardedView[P]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            # POST-only views can't be returned to with a redirect.
            return_path = request.get_full_path() if "GET" in methods else "/"
            if not request.user.is_authenticated:
                save_form_input(request)
                return redirect_to_login(return_path)
            membership: Membership | None = cast(Any, request).membership
            if membership is None or not membership.has_role(role):
                raise PermissionDenied
            if membership.lacks_second_factor and not allow_without_second_factor:
                if "GET" in methods:
                    request.session[NEXT_PAGE_KEY] = return_path
                # An owner may have required the second factor while this form was open.
                save_form_input(request, confirming=True)
                return _redirect_page(request, reverse("agencies:second_factor_required"))
            if reauthenticate and not is_recently_authenticated(request):
                response = redirect_to_reauthenticate(request, back_to=return_path)
                # Saved last, because building the redirect signs out users without a password.
                save_form_input(request, confirming=True)
                return _redirect_page(request, response["Location"])
            return _call_view(view, cast(AgencyRequest, request), *args, **kwargs)

        view_with_methods = _restrict_methods(guarded, methods)
        view_with_methods.agency_role = role  # type: ignore[attr-defined]  # read by the test that walks the URLconf
        return view_with_methods

    return decorate


def client_view(
    *, methods: tuple[str, ...] = ("GET", "POST"), why: Callable[..., str] | None = None, reauthenticate: bool = False
) -> Callable[[Callable[Concatenate[ClientRequest, P], HttpResponseBase]], GuardedView[P]]:
    """Restrict a view to signed-in users. Others can sign in with a code, which creates an account.

    `why` receives the view's arguments and returns the reason that the sign-in page displays. Views that
    `reauthenticate` require a recent sign-in. The view itself must restrict access to the user's own objects.
    """

    def decorate(view: Callable[Concatenate[ClientRequest, P], HttpResponseBase]) -> GuardedView[P]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                save_form_input(request)
                return_path = request.get_full_path() if "GET" in methods else reverse("invitations:access_list")
                return redirect_to_login(return_path, login_url=reverse("account_request_login_code"))
            if reauthenticate and not is_recently_authenticated(request):
                response = redirect_to_reauthenticate(request, back_to=request.get_full_path())
                # Saved last, because building the redirect signs out users without a password.
                save_form_input(request, confirming=True)
                return _redirect_page(request, response["Location"])
            return _call_view(view, cast(ClientRequest, request), *args, **kwargs)

        view_with_methods = _restrict_methods(guarded, methods)
        # Both attributes are read by AccountAdapter when a user requests a sign-in code.
        view_with_methods.for_clients = True  # type: ignore[attr-defined]
        view_with_methods.why = why  # type: ignore[attr-defined]
        return view_with_methods

    return decorate


def _restrict_methods(view: Callable[..., HttpResponseBase], methods: tuple[str, ...]) -> Callable[..., HttpResponseBase]:
    """Return 405 for other methods. HEAD is allowed wherever GET is."""
    return require_http_methods([*methods, "HEAD"] if "GET" in methods else list(methods))(view)


def _call_view(view: Callable[..., HttpResponseBase], request: ClientRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """Call the view with `request.form_data`, and remember the user for the time after the session."""
    request.form_data = request.POST if request.method == "POST" else recover_form_input(request)
    response = view(request, *args, **kwargs)
    remember_user(request, response)
    return response


def _redirect_page(request: HttpRequest, address: str) -> HttpResponseBase:
    """Redirect the whole page, even if an htmx dialog sent the request."""
    if cast(Any, request).htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
