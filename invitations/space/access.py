"""Access rules of the pages of a shared space: `@space_view` for clients, `@shared_view` for staff."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect

from customers.models import Customer
from invitations.models import AccessInvitation
from invitations.space.addresses import client_address
from invitations.space.queries import Space, client_space
from invitations.space.services import SpaceClosed
from partnerportal.agencies.access import AgencyRequest, ClientRequest, agency_view, client_view
from partnerportal.agencies.form_recovery import save_form_input

P = ParamSpec("P")


class SpaceRequest(ClientRequest):
    """Request of a client with connected access, as received by a `@space_view`."""

    space: Space


def space_view(
    *, methods: tuple[str, ...] = ("GET", "POST")
) -> Callable[[Callable[Concatenate[SpaceRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Restrict a view to clients with connected access to the agency in the path, and set `request.space`.

    The view doesn't receive the agency. Others get 404, also if the access ends while the view runs. A client with
    several customers chooses one with `?customer=`, so that a form never reaches another customer than the page showed.
    """

    def decorate(view: Callable[Concatenate[SpaceRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: Any, agency: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            space = client_space(request.user, agency, request.GET.get("customer", ""))
            if space is None:
                raise Http404
            if len(space.customers) > 1 and "customer" not in request.GET:
                return _name_customer(request, space, has_page="GET" in methods)
            request.space = space
            try:
                return view(request, *args, **kwargs)
            except SpaceClosed as error:
                raise Http404 from error

        view_of_client: Any = client_view(methods=methods)(cast(Any, guarded))
        # Read by the preview, which shows the pages of the tabs to members of the agency.
        view_of_client.page = view
        return cast(Callable[..., HttpResponseBase], view_of_client)

    return decorate


def shared_view(
    *, methods: tuple[str, ...] = ("GET", "POST"), reauthenticate: bool = False
) -> Callable[[Callable[Concatenate[AgencyRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Restrict a view of a customer's shared space to members of the agency.

    They get 404 if the customer is erased or merged, or the access of the action moves to another customer, while the view runs.
    """

    def decorate(view: Callable[Concatenate[AgencyRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: AgencyRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except (Customer.DoesNotExist, AccessInvitation.DoesNotExist) as error:
                raise Http404 from error

        return agency_view(methods=methods, reauthenticate=reauthenticate)(guarded)

    return decorate


def _name_customer(request: Any, space: Space, *, has_page: bool) -> HttpResponseBase:
    """Redirect to the address that names a customer. The input of a form is kept, for its sender to check."""
    if request.method != "POST":
        query = request.GET.copy()
        query["customer"] = space.customer.pk
        return redirect(f"{request.path}?{query.urlencode()}")
    # When the form was opened, the client had a single customer: the one of the earliest access.
    first = space.customers[-1]
    if not has_page:
        return redirect(client_address(space.agency, first))
    save_form_input(request, confirming=True)
    return redirect(f"{request.path}?customer={first.pk}")
