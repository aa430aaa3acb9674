"""Access of customers that are merged: access that was ended stays, everything else moves.

What the first customer has already from the same client stays, too. Both links work, and both give access.
"""

from typing import Any

from django.db.models import F, Q, QuerySet

from customers.models import Customer
from invitations.models import AccessInvitation, AccessRequest

_CONNECTED = AccessInvitation.Status.CONNECTED


def connected_access(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the invitations that give access now."""
    return rows.filter(status=_CONNECTED)


def access_of_same_client(rows: QuerySet[Any], first: Customer) -> QuerySet[Any]:
    """Return the invitations whose client has also given access for the first customer."""
    return rows.filter(client__in=_clients_of(first))


def unanswered_or_connected(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the access requests without access, and those whose access moves."""
    return rows.filter(Q(invitation=None) | Q(invitation__status=_CONNECTED, invitation__customer=F("customer")))


def requests_to_same_client(rows: QuerySet[Any], first: Customer) -> QuerySet[Any]:
    """Return the pending requests to an address that has one for the first customer, and those whose access stays."""
    pending = AccessRequest.objects.filter(customer=first, status=AccessRequest.Status.PENDING)
    return rows.filter(
        Q(status=AccessRequest.Status.PENDING, email__in=pending.values("email")) | Q(invitation__client__in=_clients_of(first))
    )


def _clients_of(customer: Customer) -> QuerySet[Any, Any]:
    return AccessInvitation.objects.filter(customer=customer, status=_CONNECTED).values("client")
