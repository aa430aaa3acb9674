"""Access that an agency currently has, and the activity of invitations."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from customers.queries.customers import PageSection
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import Area, GrantedAreas, Scope, sorted_areas
from partnerportal.audit.descriptions import ItemNames, item_key, name_items
from partnerportal.audit.models import AuditEvent
from partnerportal.core.compiled import compiled

#: Maximum number of events on an invitation's page.
HISTORY_LENGTH = 50


def invitation_history(invitation: AccessInvitation) -> list[AuditEvent]:
    """Return the latest events of an invitation and of the access requests granted with it, newest first."""
    requests = list(invitation.requests.all())
    events = AuditEvent.objects.filter(
        Q(object_type=AccessInvitation._meta.label_lower, object_id=invitation.pk)
        | Q(object_type=AccessRequest._meta.label_lower, object_id__in=[access_request.pk for access_request in requests])
    )
    # Views by staff appear in the customer's timeline. Here they could fill all the rows.
    history = list(events.exclude(action="invitation.previewed").order_by("-pk")[:HISTORY_LENGTH])
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


def combine_access(invitations: list[AccessInvitation]) -> CustomerAccess:
    """Return the combined access of a customer's invitations, which are sorted newest first."""
    connected = [invitation for invitation in invitations if invitation.status == AccessInvitation.Status.CONNECTED]
    if not connected:
        ended = sorted(invitations, key=lambda invitation: str(invitation.ended_at))
        return CustomerAccess(None, [], [], ended[-1] if ended else None)
    if any(invitation.scope == Scope.FULL for invitation in connected):
        return CustomerAccess(Scope.FULL, list(Area.values), connected)
    return CustomerAccess(Scope.PARTIAL, sorted_areas(area for invitation in connected for area in invitation.areas), connected)


def access_section(customer: Any) -> PageSection:
    """Return the access section of a customer's page."""
    customers = tuple(customer.shown_keys)
    invitations, access_requests = connected_invitations(customers=customers), requests_to(customers=customers)
    items: list[Any] = [*invitations, *access_requests]
    customer.mark_origin(items)
    pending = [access_request for access_request in access_requests if access_request.current_status == AccessRequest.Status.PENDING]
    context = {"access": combine_access(invitations), "access_requests": pending}
    return PageSection(context, client_names(*invitations, *access_requests))


@compiled
def connected_invitations(*, customers: Any) -> QuerySet[AccessInvitation]:
    """Return the invitations that the customers' clients gave access with, the latest access first."""
    connected = AccessInvitation.objects.filter(customer__any=customers, connected_at__isnull=False)
    return connected.select_related("connected_by").order_by("-connected_at", "-pk")


@compiled
def requests_to(*, customers: Any) -> QuerySet[AccessRequest]:
    """Return the access requests to the customers, newest first."""
    return AccessRequest.objects.filter(customer__any=customers).select_related("agency").order_by("-pk")


#: Maximum number of pending invitations shown above the list of customers.
PENDING_PREVIEW = 5
#: Fields that the list of customers shows of a pending invitation.
_PREVIEW_FIELDS = ("id", "name", "company", "scope", "areas", "status", "created_at", "expires_at")


def pending_rows(now: Any) -> ArraySubquery:
    """Return a subquery for the newest pending invitations of the outer query's agency; `pending_invitations` reads its value.

    With it, the menu fetches them in the query that counts the badges.
    """
    pending = AccessInvitation.objects.pending(now).filter(agency=OuterRef("pk")).order_by("-pk")
    return ArraySubquery(pending.values(json=JSONObject(**{name: name for name in _PREVIEW_FIELDS}))[:PENDING_PREVIEW])


def pending_invitations(rows: list[dict[str, Any]]) -> list[AccessInvitation]:
    """Return the rows of `pending_rows` as objects with only the fields that the list of customers shows."""
    fields = [AccessInvitation._meta.get_field(name) for name in _PREVIEW_FIELDS]
    return [AccessInvitation(**{field.name: field.to_python(row[field.name]) for field in fields}) for row in rows]  # type: ignore[union-attr]
