"""Addresses of a client's pages below `/my/<agency>/`."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from customers.models import Customer
from invitations.models import AccessInvitation
from invitations.space.queries import Space
from partnerportal.agencies.models import Agency

#: Words below /my/ that belong to other pages, so that they aren't the address of a space.
RESERVED = frozenset({"data"})


class AgencyConverter:
    """Part of an address that names an agency: the address of its profile, or a tilde with the agency's key."""

    regex = r"[-a-zA-Z0-9_]+|~[0-9]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


def agency_address(agency: Agency) -> str:
    """Return the part of an address that names the agency.

    Agencies without a profile, and those whose profile has a number or a reserved word as its address, are named by
    their key. No profile's address contains a tilde.
    """
    profile = getattr(agency, "profile", None)
    if profile is None or profile.slug.isdecimal() or profile.slug in RESERVED:
        return f"~{agency.pk}"
    return str(profile.slug)


def client_address(agency: Agency, customer: Customer, name: str = "invitations:space", *args: Any) -> str:
    """Return the address of a client's page about this customer, for links from outside the space."""
    return _address(agency, customer.pk, name, *args)


def address_for(invitation: AccessInvitation, name: str = "invitations:space") -> str:
    """Return the address of a page in the space that a connected invitation opens."""
    return _address(invitation.agency, invitation.customer_id, name)


def space_address(space: Space, name: str = "invitations:space", *args: Any) -> str:
    """Return the address of a client's page in this space. It names the customer if the client has several."""
    if len(space.customers) > 1:
        return client_address(space.agency, space.customer, name, *args)
    return reverse(name, args=[agency_address(space.agency), *args])


def _address(agency: Agency, customer: int | None, name: str, *args: Any) -> str:
    return f"{reverse(name, args=[agency_address(agency), *args])}?{urlencode({'customer': customer})}"
