"""The overview of a shared space, for the client and for staff, and the client's pages as staff see them."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import resolve, reverse
from django.utils.translation import gettext as _

from customers.models import Contract, Customer, Project, Task
from invitations.space.access import SpaceRequest, shared_view, space_view
from invitations.space.addresses import agency_address
from invitations.space.overview import client_overview, staff_overview
from invitations.space.queries import of_customer, preview_space
from invitations.space.services import SpaceClosed, record_preview, share
from invitations.space.tabs import TABS
from partnerportal.agencies.access import AgencyRequest

#: What staff can share, by the kind in a button's value.
SHAREABLE: dict[str, type[Model]] = {"project": Project, "task": Task, "contract": Contract}


@space_view(methods=("GET",))
def overview(request: SpaceRequest) -> HttpResponse:
    """Show the client what the agency shares, and who gave access."""
    return render(request, "invitations/space/overview.html", client_overview(request.space))


@shared_view()
def shared(request: AgencyRequest, pk: int) -> HttpResponse:
    """Show staff what is shared with a customer's clients. A POST shares one item, or stops sharing it."""
    customer = shared_customer(request, pk)
    if request.method == "POST":
        _share(request, customer)
        return redirect("invitations:shared", pk=pk)
    return render(request, "invitations/shared/overview.html", {"customer": customer, **staff_overview(customer)})


def _share(request: AgencyRequest, customer: Customer) -> None:
    """Share the item of the pressed button, or stop sharing it."""
    shared = "share" in request.POST
    kind, _dash, key = str(request.POST.get("share" if shared else "unshare", "")).partition("-")
    model = SHAREABLE.get(kind)
    if model is None or not key.isdecimal():
        return
    item = get_object_or_404(model._default_manager.filter(of_customer(customer)).select_related("customer"), pk=key)
    try:
        is_changed = share(item, customer=customer, shared=shared, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except ObjectDoesNotExist as error:
        raise Http404 from error
    else:
        if is_changed:
            text = _("“%(item)s” shared with the client.") if shared else _("“%(item)s” no longer shared.")
            messages.success(request, text % {"item": item})


@shared_view(methods=("GET",))
def as_client(request: AgencyRequest, pk: int, invitation: int) -> HttpResponseBase:
    """Show a page of the client's space as the client sees it. Each view is recorded."""
    customer = shared_customer(request, pk)
    connected = request.agency.access_invitations.connected().filter(of_customer(customer))
    shown = get_object_or_404(connected.select_related("agency", "customer__merged_into"), pk=invitation)
    tab = next((tab for tab in TABS if tab.key == request.GET.get("tab", TABS[0].key)), None)
    if tab is None:
        raise Http404
    try:
        space = preview_space(shown)
        record_preview(space, by=request.user)
    except SpaceClosed as error:
        raise Http404 from error
    viewer = cast(Any, request)
    viewer.space = space
    page = resolve(reverse(tab.client, args=[agency_address(space.agency)])).func.page  # type: ignore[attr-defined]
    response: HttpResponseBase = page(viewer)
    return response


def shared_customer(request: AgencyRequest, pk: int) -> Customer:
    """Return the agency's customer, or answer 404 if it was erased or merged."""
    customer: Customer = get_object_or_404(request.agency.customers.not_erased(), pk=pk)
    return customer
