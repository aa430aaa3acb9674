"""Template tags for the pages of shared spaces."""

from typing import Any

from django import template
from django.template.defaultfilters import truncatechars

from customers.models import Customer
from invitations.models import AccessInvitation
from invitations.space.addresses import address_for, client_address, space_address
from invitations.space.queries import Space
from invitations.space.tabs import TABS, TabLink, client_tabs, preview_tabs, staff_tabs

register = template.Library()

#: Maximum number of characters of a customer's name in a tab.
MAX_NAME = 40


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


@register.filter
def with_news(tabs: list[TabLink]) -> list[TabLink]:
    """Return the tabs with new or open things."""
    return [tab for tab in tabs if tab.unread]


@register.simple_tag
def space_customers(space: Space) -> list[TabLink]:
    """Return links to the client's spaces at the same agency, if there are several."""
    if len(space.customers) < 2:
        return []
    links = ((customer, client_address(space.agency, customer)) for customer in space.customers)
    return [TabLink(address, truncatechars(customer.name_in_text, MAX_NAME), 0, customer == space.customer) for customer, address in links]


@register.simple_tag(takes_context=True)
def shared_tabs(context: Any, customer: Customer) -> list[TabLink]:
    """Return the tabs of what is shared with a customer's clients, for staff."""
    request = context["request"]
    return staff_tabs(customer, request.user, request.path)


@register.simple_tag
def space_of(invitation: AccessInvitation, name: str = "invitations:space") -> str:
    """Return the address of a page in the space that a connected invitation opens."""
    return address_for(invitation, name)
