"""What a client sees: two gates for each type of object.

The agency shares an object (its flags), and the client's access covers the area that it belongs to. Everything that a
client's page shows is read with `shared_with`. tests/invitations/test_gates.py compares the table with every area.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable

from customers.models import Contract, Domain, Project, Task
from invitations.models.areas import Area
from invitations.space.queries import Space, of_customer


@dataclass(frozen=True)
class Gate:
    """What must be true for a client to see objects of one type."""

    #: The area that the client's access must cover, or an expression for the column with it; None if any access is enough.
    area: Area | Combinable | None
    #: Fields that must be true; empty if the objects are the client's own.
    flags: tuple[str, ...] = ()
    #: Path to the customer.
    customer: str = "customer"
    #: Path to the invitation, if only the client who gave it sees the objects.
    invitation: str = ""


#: The gates by model. A model without an entry can't be shown to clients.
GATES: dict[type[Model], Gate] = {
    Project: Gate(Area.HOSTING, flags=("is_shared",)),
    # A step is a task of a project.
    Task: Gate(Area.HOSTING, flags=("is_shared", "project__is_shared")),
    Domain: Gate(Area.DOMAINS),
    Contract: Gate(Area.CONTRACTS, flags=("is_shared",)),
}


def shared_with(space: Space, model: type[Model]) -> QuerySet[Any]:
    """Return the objects of this type that the client sees in the space."""
    gate = GATES[model]
    rows: QuerySet[Any] = model._default_manager.filter(of_customer(space.customer, gate.customer), **dict.fromkeys(gate.flags, True))
    if gate.invitation:
        rows = rows.filter(**{f"{gate.invitation}__in": [invitation.pk for invitation in space.invitations]})
    if gate.area is None:
        return rows
    if not isinstance(gate.area, Area):
        covered = [area for area in Area if space.covers(area)]
        rows = rows.alias(area_at_gate=gate.area).filter(area_at_gate__in=covered)
    elif not space.covers(gate.area):
        rows = rows.none()
    return rows
