"""What the pages of other apps show of this one."""

from typing import Any

from django import template

from customers.models import Customer
from invitations.access import CustomerAccess, customer_access, waiting_requests
from invitations.models import AccessRequest

register = template.Library()


@register.filter
def quoted(text: str) -> str:
    """Somebody's words as a quotation in the text part of a mail."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


@register.simple_tag
def access_of(customer: Customer) -> CustomerAccess:
    """What the agency has access to for this customer."""
    return customer_access(customer)


@register.simple_tag
def access_requests_of(customer: Any) -> list[AccessRequest]:
    """The agency's access requests that this customer's people haven't answered yet."""
    return waiting_requests(customer)
