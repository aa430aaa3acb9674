"""Spaces: what a client and an agency share about one customer."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from customers.models import Customer
from invitations.models import AccessInvitation
from invitations.models.invitations import AccessInvitationQuerySet
from invitations.queries import CustomerAccess, combine_access
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled

#: Keys in an address with this number of digits are too large for the database.
MAX_KEY_LENGTH = 19


@dataclass(frozen=True)
class Space:
    """What a client has access to at an agency, for one customer. A page shows it only through the gates of `gates.py`."""

    agency: Agency
    customer: Customer
    client: User
    #: This client's connected invitations for the customer and those merged into it, newest first.
    invitations: list[AccessInvitation]
    #: The combined access of these invitations.
    access: CustomerAccess
    #: All of the agency's customers for which the client has given access, the one of the newest access first.
    customers: list[Customer] = field(default_factory=list)
    #: The invitation through which a member of the agency looks at the space as the client would; None for the client.
    preview: AccessInvitation | None = None

    def covers(self, area: str) -> bool:
        """Return whether the client's access includes this area."""
        return self.access.covers(area)

    @property
    def is_active(self) -> bool:
        """Whether the customer isn't archived."""
        return bool(self.customer.status == Customer.Status.ACTIVE)

    @property
    def writable(self) -> bool:
        """Whether the page may offer actions: not in a preview, and not for archived customers."""
        return self.preview is None and self.is_active


def of_customer(customer: Any, path: str = "customer") -> Q:
    """Return the condition for rows of a customer and of those merged into it. `path` leads to the customer."""
    return Q(**{path: customer}) | Q(**{f"{path}__merged_into": customer})


def client_space(client: User, agency: str, customer: str = "") -> Space | None:
    """Return the client's space at the agency with this part of an address, or None without connected access.

    `customer` is the key of a customer, in the address of clients with several.
    """
    is_key = agency.startswith("~")
    by, value = ("agency", int(agency[1:])) if is_key else ("agency__profile__slugs__slug", agency)
    invitations = access_of_client(by, agency=value, client=client.pk)
    customers = list({home.pk: home for home in map(_home, invitations)}.values())
    chosen = {str(key): home for key, home in [(one.customer_id, _home(one)) for one in invitations] for key in (key, home.pk)}
    if customers and customer not in {"", *chosen}:
        customer = _merged_into(customer)
    home = chosen.get(customer, customers[0] if customers else None) if not customer or customer in chosen else None
    if home is None:
        return None
    return _space(home, [invitation for invitation in invitations if _home(invitation) == home], customers=customers)


def _merged_into(customer: str) -> str:
    """Return the key of the customer that another one was merged into, for addresses in earlier e-mails."""
    known = Customer.objects.filter(pk=customer) if customer.isdecimal() and len(customer) < MAX_KEY_LENGTH else Customer.objects.none()
    return str(known.values_list("merged_into", flat=True).first())


def preview_space(invitation: AccessInvitation) -> Space:
    """Return the space of a connected invitation's client, as a member of the agency looks at it.

    Raises:
        AccessInvitation.DoesNotExist: The access has since ended.
    """
    home = _home(invitation)
    invitations = access_of_customer(customer=home.pk, client=invitation.client_id)
    if not invitations:
        raise AccessInvitation.DoesNotExist
    return _space(home, invitations, customers=[home], preview=invitation)


def clients_of(customer: Customer) -> list[AccessInvitation]:
    """Return the connected invitations for a customer and those merged into it, newest first."""
    return access_of_customer(customer=customer.pk)


@compiled
def access_of_client(by: str, *, agency: Any, client: Any) -> QuerySet[AccessInvitation]:
    """Return a client's connected invitations at an agency, newest first. `by` is the path of the value that identifies the agency."""
    return _connected().filter(**{by: agency}, client=client)


@compiled
def access_of_customer(*, customer: Any, **client: Any) -> QuerySet[AccessInvitation]:
    """Return the connected invitations for a customer and those merged into it, newest first, optionally of one `client`."""
    return _connected().filter(of_customer(customer), **client)


def _connected() -> AccessInvitationQuerySet:
    connected = AccessInvitation.objects.connected().select_related("agency__profile", "client", "customer__merged_into", "project")
    return connected.order_by("-connected_at", "-pk")


def _home(invitation: AccessInvitation) -> Customer:
    """Return the invitation's customer, or the one that it was merged into."""
    customer: Any = invitation.customer
    home: Customer = customer.merged_into or customer
    home.agency = invitation.agency
    return home


def _space(home: Customer, invitations: list[AccessInvitation], **fields: Any) -> Space:
    newest = invitations[0]
    return Space(newest.agency, home, newest.client, invitations, combine_access(invitations), **fields)
