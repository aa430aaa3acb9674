"""The overview of a shared space, for the client and for staff, and the client's pages as staff see them."""

from typing import Any, cast

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import resolve, reverse

from customers.models import Contract, Customer, Domain, Project
from invitations.space.access import SpaceRequest, space_view
from invitations.space.addresses import agency_address
from invitations.space.gates import shared_with
from invitations.space.queries import clients_of, of_customer, preview_space
from invitations.space.services import record_preview
from invitations.space.tabs import TABS
from partnerportal.agencies.access import AgencyRequest, agency_view


@space_view(methods=("GET",))
def overview(request: SpaceRequest) -> HttpResponse:
    """Show the client what the agency shares, and who gave access."""
    context = {
        "projects": shared_with(request.space, Project).order_by("sort_date", "pk"),
        "domains": shared_with(request.space, Domain).order_by("sort_date", "name"),
        "contracts": shared_with(request.space, Contract).order_by("sort_date", "pk"),
    }
    return render(request, "invitations/space/overview.html", context)


@agency_view(methods=("GET",))
def shared(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show staff what is shared with a customer's clients."""
    customer = shared_customer(request, pk)
    return render(request, "invitations/shared/overview.html", {"customer": customer, "clients": clients_of(customer)})


@agency_view(methods=("GET",))
def as_client(request: AgencyRequest, pk: int, invitation: int) -> HttpResponseBase:
    """Show a page of the client's space as the client sees it. Each view is recorded."""
    customer = shared_customer(request, pk)
    connected = request.agency.access_invitations.connected().filter(of_customer(customer))
    space = preview_space(get_object_or_404(connected.select_related("agency", "customer__merged_into"), pk=invitation))
    tab = next((tab for tab in TABS if tab.key == request.GET.get("tab", TABS[0].key)), None)
    if tab is None:
        raise Http404
    record_preview(space, by=request.user)
    viewer = cast(Any, request)
    viewer.space = space
    page = resolve(reverse(tab.client, args=[agency_address(space.agency)])).func.page  # type: ignore[attr-defined]
    response: HttpResponseBase = page(viewer)
    return response


def shared_customer(request: AgencyRequest, pk: int) -> Customer:
    """Return the agency's customer, or answer 404 if it was erased or merged."""
    customer: Customer = get_object_or_404(request.agency.customers.not_erased(), pk=pk)
    return customer
