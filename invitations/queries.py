"""What access means, in one place: which of a customer's areas are open to the agency now."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from customers.queries.customers import PageSection
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import Area, AreaAccess, Scope, sorted_areas
from partnerportal.audit.descriptions import ItemNames, item_key


def client_names(*things: AccessInvitation | AccessRequest) -> ItemNames:
    """Return whom an event about these names: the client, or the address that was asked. What was erased has no name."""
    return {item_key(thing): thing.client_name for thing in things if thing.client_name}


@dataclass(frozen=True)
class CustomerAccess:
    """What a customer's clients have opened, all of them taken together."""

    #: None: nothing is open.
    scope: Scope | None
    #: The areas that are open: every one with full access, those added later included.
    areas: list[str]
    #: By whom: the connected invitations, the newest first.
    connected: list[AccessInvitation]
    #: The access that ended last, where none is left.
    ended: AccessInvitation | None = None

    def __bool__(self) -> bool:
        return self.scope is not None

    def covers(self, area: str) -> bool:
        """Whether this area is open."""
        return self.scope == Scope.FULL or area in self.areas

    @property
    def by_area(self) -> list[AreaAccess]:
        """Every area with whether it is open."""
        return [AreaAccess(area, self.covers(area)) for area in Area]


def combine_access(invitations: list[AccessInvitation]) -> CustomerAccess:
    """The access that a customer's invitations, the newest first, come to."""
    connected = [invitation for invitation in invitations if invitation.status == AccessInvitation.Status.CONNECTED]
    if not connected:
        ended = sorted(invitations, key=lambda invitation: str(invitation.ended_at))
        return CustomerAccess(None, [], [], ended[-1] if ended else None)
    if any(invitation.scope == Scope.FULL for invitation in connected):
        return CustomerAccess(Scope.FULL, list(Area.values), connected)
    return CustomerAccess(Scope.PARTIAL, sorted_areas(area for invitation in connected for area in invitation.areas), connected)


def access_section(customer: Any) -> PageSection:
    """Return the access section of a customer's page."""
    connected = customer.access_invitations.filter(connected_at__isnull=False)
    invitations = list(connected.select_related("connected_by").order_by("-connected_at", "-pk"))
    access_requests = list(customer.access_requests.select_related("agency").order_by("-pk"))
    pending = [access_request for access_request in access_requests if access_request.current_status == AccessRequest.Status.PENDING]
    context = {"access": combine_access(invitations), "access_requests": pending}
    return PageSection(context, client_names(*invitations, *access_requests))


#: Maximum number of pending invitations shown above the list of customers.
PENDING_PREVIEW = 5
#: Fields that the list of customers shows of a pending invitation.
_PREVIEW_FIELDS = ("id", "name", "company", "scope", "areas", "status", "created_at", "expires_at")


def pending_rows() -> ArraySubquery:
    """Return a subquery for the newest pending invitations of the outer query's agency; `pending_invitations` reads its value.

    With it, the menu fetches them in the query that counts the badges.
    """
    pending = AccessInvitation.objects.pending().filter(agency=OuterRef("pk")).order_by("-pk")
    return ArraySubquery(pending.values(json=JSONObject(**{name: name for name in _PREVIEW_FIELDS}))[:PENDING_PREVIEW])


def pending_invitations(rows: list[dict[str, Any]]) -> list[AccessInvitation]:
    """Return the rows of `pending_rows` as objects with only the fields that the list of customers shows."""
    fields = [AccessInvitation._meta.get_field(name) for name in _PREVIEW_FIELDS]
    return [AccessInvitation(**{field.name: field.to_python(row[field.name]) for field in fields}) for row in rows]  # type: ignore[union-attr]
