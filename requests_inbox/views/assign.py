"""A request becomes a customer's, a new one's or that of somebody who is there already; for good."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Customer
from customers.views.picker import picker_page
from customers.views.submissions import customer_create_page
from partnerportal.agencies.access import AgencyRequest, agency_view
from partnerportal.core.pending import InvalidTransition
from requests_inbox.models import ContactRequest
from requests_inbox.services.requests import CustomerUnavailable, add_customer, assign_request


@agency_view()
def add(request: AgencyRequest, pk: int) -> HttpResponse:
    """“Add Customer”: the customer form, filled with what the request tells."""
    contact_request = _get(request, pk)
    if not contact_request.is_unsettled:
        return _settled(request, contact_request)

    def save(fields: dict[str, Any]) -> HttpResponse:
        try:
            customer = add_customer(contact_request, by=request.user, fields=fields)
        except InvalidTransition as error:
            return _settled(request, error.item)
        messages.success(
            request, _("%(customer)s added, and the request has been assigned to them.") % {"customer": customer.numbered_name}
        )
        return redirect(customer)

    return customer_create_page(
        request,
        save=save,
        initial=contact_request.customer_fields,
        cancel=contact_request.get_absolute_url(),
        picker_url=reverse("requests_inbox:assign", args=[pk]),
        template="requests_inbox/add_customer.html",
        context={"contact_request": contact_request},
    )


@agency_view()
def assign(request: AgencyRequest, pk: int) -> HttpResponse:
    """Choose the customer whose request it is."""
    contact_request = _get(request, pk)
    if not contact_request.is_unsettled:
        return _settled(request, contact_request)

    def select(customer: Customer) -> HttpResponse:
        try:
            assign_request(contact_request, customer, by=request.user)
        except InvalidTransition as error:
            return _settled(request, error.item)
        except CustomerUnavailable:
            messages.warning(
                request,
                _("%(customer)s has since been archived or erased. Choose another customer.") % {"customer": customer.numbered_name},
            )
            return redirect("requests_inbox:assign", pk=pk)
        messages.success(request, _("Request permanently assigned to %(customer)s.") % {"customer": customer.numbered_name})
        return redirect(customer)

    return picker_page(
        request,
        select=select,
        fields=contact_request.customer_fields,
        template="requests_inbox/assign.html",
        context={"contact_request": contact_request},
    )


def _get(request: AgencyRequest, pk: int) -> ContactRequest:
    found: ContactRequest = get_object_or_404(request.agency.contact_requests.select_related("customer"), pk=pk)
    return found


def _settled(request: AgencyRequest, contact_request: ContactRequest) -> HttpResponse:
    """Somebody was faster: to the customer it belongs to, or to the request, with the reason."""
    customer = contact_request.customer
    if customer is None:
        messages.info(request, _("This request has since been closed or marked as spam. Reopen it first."))
        return redirect(contact_request)
    if contact_request.is_erased:
        return redirect(contact_request)
    messages.info(
        request, _("This request already belongs to %(customer)s. No other customer was added.") % {"customer": customer.numbered_name}
    )
    return redirect(customer)
