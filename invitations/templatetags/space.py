"""Template tags for the pages of shared spaces."""

from typing import Any

from django import template
from django.urls import reverse

from customers.models import Customer
from invitations.models import AccessInvitation
from invitations.space.addresses import agency_address, client_address, space_address
from invitations.space.tabs import TABS, TabLink, client_tabs, preview_tabs, staff_tabs
from partnerportal.agencies.models import Agency

register = template.Library()


@register.simple_tag(takes_context=True)
def space_url(context: Any, name: str = "invitations:space", *args: Any) -> str:
    """Return the address of a page in the request's space. In a preview, only the tabs have one."""
    request = context["request"]
    if request.space.preview is None:
        return space_address(request.space, name, *args)
    return next((f"{request.path}?tab={tab.key}" for tab in TABS if tab.client == name), "")


@register.simple_tag(takes_context=True)
def space_tabs(context: Any) -> list[TabLink]:
    """Return the tabs of the request's space."""
    request = context["request"]
    if request.space.preview is None:
        return client_tabs(request.space, request.path)
    return preview_tabs(request.GET.get("tab", TABS[0].key), request.path)


@register.simple_tag(takes_context=True)
def shared_tabs(context: Any, customer: Customer) -> list[TabLink]:
    """Return the tabs of what is shared with a customer's clients, for staff."""
    request = context["request"]
    return staff_tabs(customer, request.user, request.path)


@register.simple_tag
def space_of(agency: Agency, customer: Customer) -> str:
    """Return the address of a client's space, for pages outside of it."""
    return client_address(agency, customer)


@register.simple_tag
def messages_address(invitation: AccessInvitation) -> str:
    """Return the address of the client's messages about the customer of a connected invitation."""
    # Not `client_address`, which would fetch the customer for each row of a list.
    return f"{reverse('invitations:space_messages', args=[agency_address(invitation.agency)])}?customer={invitation.customer_id}"
