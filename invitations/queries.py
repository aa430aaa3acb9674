"""Access that an agency currently has, and the activity of invitations."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from customers.queries.prefetch import rows_as_json, rows_from_json
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import Area, GrantedAreas, Scope, sorted_areas
from partnerportal.audit.descriptions import ItemNames, item_key, name_items
from partnerportal.audit.models import AuditEvent

#: The annotations under which a customer brings its invitations and access requests along.
INVITATION_ROWS = "access_rows"
REQUEST_ROWS = "access_request_rows"


#: Maximum number of events on an invitation's page.
HISTORY_LENGTH = 50


def invitation_history(invitation: AccessInvitation) -> list[AuditEvent]:
    """Return the latest events of an invitation and of the access requests granted with it, newest first."""
    requests = list(invitation.requests.all())
    events = AuditEvent.objects.filter(
        Q(object_type=AccessInvitation._meta.label_lower, object_id=invitation.pk)
        | Q(object_type=AccessRequest._meta.label_lower, object_id__in=[access_request.pk for access_request in requests])
    )
    history = list(events.order_by("-pk")[:HISTORY_LENGTH])
    name_items(history, client_names(invitation, *requests))
    return history


def client_names(*items: AccessInvitation | AccessRequest) -> ItemNames:
    """Return the clients' names for events about these items. Items of erased customers have none."""
    return {item_key(item): item.client_name for item in items if item.client_name}


@dataclass(frozen=True)
class CustomerAccess(GrantedAreas):
    """The combined access that a customer's clients have given."""

    #: None if the agency has no access.
    scope: Scope | None
    #: All areas if the access is full.
    areas: list[str]
    #: The connected invitations, newest first.
    connected: list[AccessInvitation]
    #: The access that ended last, if none is left.
    ended: AccessInvitation | None = None

    def __bool__(self) -> bool:
        return self.scope is not None


def customer_access(customer: Any) -> CustomerAccess:
    """What the agency has access to for this customer: one query, none for a customer out of `with_assigned`."""
    if hasattr(customer, INVITATION_ROWS):
        return combine_access(rows_from_json(AccessInvitation, getattr(customer, INVITATION_ROWS), person="connected_by"))
    return combine_access(list(_ever_connected().filter(customer=customer).select_related("connected_by")))


def invitation_rows() -> ArraySubquery:
    """A customer's invitations for `customers.queries.prefetch.gathered_too`."""
    return rows_as_json(_ever_connected(), person="connected_by")


def _ever_connected() -> QuerySet[AccessInvitation]:
    """All that were ever connected, the newest first."""
    return AccessInvitation.objects.filter(connected_at__isnull=False).order_by("-connected_at", "-pk")


def combine_access(invitations: list[AccessInvitation]) -> CustomerAccess:
    """Return the combined access of a customer's invitations, which are sorted newest first."""
    connected = [invitation for invitation in invitations if invitation.status == AccessInvitation.Status.CONNECTED]
    if not connected:
        ended = sorted(invitations, key=lambda invitation: str(invitation.ended_at))
        return CustomerAccess(None, [], [], ended[-1] if ended else None)
    if any(invitation.scope == Scope.FULL for invitation in connected):
        return CustomerAccess(Scope.FULL, list(Area.values), connected)
    return CustomerAccess(Scope.PARTIAL, sorted_areas(area for invitation in connected for area in invitation.areas), connected)


def pending_requests(customer: Any) -> list[AccessRequest]:
    """The agency's access requests that this customer's people haven't answered yet; without a query, as above."""
    if hasattr(customer, REQUEST_ROWS):
        requests = [asked for asked in _requests_gathered(customer) if asked.current_status == AccessRequest.Status.PENDING]
        for asked in requests:
            # Its time zone says until when they can answer.
            asked.agency = customer.agency
        return requests
    return list(customer.access_requests.pending().select_related("agency").order_by("-pk"))


def request_rows() -> ArraySubquery:
    """A customer's access requests for `customers.queries.prefetch.gathered_too`."""
    return rows_as_json(AccessRequest.objects.order_by("-pk"))


def _requests_gathered(customer: Any) -> list[AccessRequest]:
    return rows_from_json(AccessRequest, getattr(customer, REQUEST_ROWS))


def names_in_timeline(customer: Any) -> ItemNames:
    """Return the clients' names for the timeline of a customer out of `with_assigned`."""
    return client_names(*rows_from_json(AccessInvitation, getattr(customer, INVITATION_ROWS)), *_requests_gathered(customer))


#: So many of the invitations that wait stand above the list of customers; the rest is one click away.
PENDING_PREVIEW = 5


def pending_rows() -> ArraySubquery:
    """The first invitations that wait for the agency of the outer query; `waiting_invitations` unpacks them."""
    waiting = AccessInvitation.objects.pending().filter(agency=OuterRef("pk")).order_by("-pk")
    columns = JSONObject(**{field.attname: field.attname for field in AccessInvitation._meta.concrete_fields})
    return ArraySubquery(waiting.values(json=columns)[:PENDING_PREVIEW])


def pending_invitations(rows: list[dict[str, Any]]) -> list[AccessInvitation]:
    """What `gather_waiting` gave, as objects."""
    return rows_from_json(AccessInvitation, rows)
