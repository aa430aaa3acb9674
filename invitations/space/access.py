"""Access rule of a client's pages in a shared space: `@space_view`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import Http404, HttpResponseBase

from invitations.space.queries import Space, client_space
from invitations.space.services import SpaceClosed
from partnerportal.agencies.access import ClientRequest, client_view

P = ParamSpec("P")


class SpaceRequest(ClientRequest):
    """Request of a client with connected access, as received by a `@space_view`."""

    space: Space


def space_view(
    *, methods: tuple[str, ...] = ("GET", "POST")
) -> Callable[[Callable[Concatenate[SpaceRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Restrict a view to clients with connected access to the agency in the path, and set `request.space`.

    The view doesn't receive the agency. Others get 404, also if the access ends while the view runs. A client with
    several customers chooses one with `?customer=`.
    """

    def decorate(view: Callable[Concatenate[SpaceRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: Any, agency: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            space = client_space(request.user, agency, request.GET.get("customer", ""))
            if space is None:
                raise Http404
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
