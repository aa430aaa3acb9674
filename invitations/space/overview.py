"""What the overview of a shared space shows: to the client, and to staff who decide what they share."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Prefetch, QuerySet

from customers.models import Contract, Customer, Domain, Project, Task
from invitations.models import AccessInvitation
from invitations.models.areas import Area
from invitations.queries import combine_access
from invitations.space.gates import GATES, shared_with
from invitations.space.queries import Space, clients_of, of_customer

#: Maximum number of rows of each kind.
MAX_ROWS = 200
#: The fields that clients see, by model. Rows contain nothing else: no descriptions, assignees or notes.
VISIBLE: dict[type[Model], tuple[str, ...]] = {
    Project: ("pk", "title", "status", "due_on", "completed_at"),
    Task: ("project_id", "title", "due_on", "done_at"),
    Domain: ("name", "unicode_name", "expires_on", "auto_renew"),
    Contract: (
        "number", "product", "price", "currency", "interval", "starts_on", "ends_on", "notice_count", "notice_unit", "cancel_by", "status"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class SharedProject:
    """A project with its steps, as the client sees it."""

    project: Any
    steps: list[Any]

    @property
    def done(self) -> int:
        """Number of completed steps."""
        return sum(step.done_at is not None for step in self.steps)

    @property
    def percent(self) -> float:
        """Completed steps in percent."""
        return self.done * 100 / len(self.steps) if self.steps else 0


def client_overview(space: Space) -> dict[str, Any]:
    """Return what the client sees, as template variables."""
    steps = visible_rows(space, Task, "sort_date", "pk")
    projects = [
        SharedProject(project, [step for step in steps if step.project_id == project.pk])
        for project in visible_rows(space, Project, "sort_date", "pk")
    ]
    return {
        "projects": projects,
        "domains": visible_rows(space, Domain, "sort_date", "name"),
        "contracts": visible_rows(space, Contract, "sort_date", "pk"),
        "review_requests": _open_review_requests(space),
        "people": clients_of(space.customer),
    }


def visible_rows(space: Space, model: type[Model], *order_by: str) -> list[Any]:
    """Return the objects that the client sees, as named tuples of their `VISIBLE` fields."""
    return list(shared_with(space, model).order_by(*order_by).values_list(*VISIBLE[model], named=True)[:MAX_ROWS])


def _open_review_requests(space: Space) -> list[Any]:
    """Return the open review requests, unless the client now works for the agency, whose team can't review it."""
    if not space.is_active:
        return []
    model: Any = Customer._meta.get_field("review_requests").related_model
    requests = model.objects.pending().filter(of_customer(space.customer)).select_related("agency", "customer", "project").order_by("-pk")
    found = list(requests[:MAX_ROWS])
    return [] if found and space.agency.has_staff_address(space.client.email) else found


@dataclass(frozen=True)
class SharedSection:
    """The items of one type, which staff share or not, with the names of the clients whose access covers them.

    Domains aren't shared one by one, so their section has no items.
    """

    area: Area
    items: list[Any]
    seen_by: list[str]


def staff_overview(customer: Customer) -> dict[str, Any]:
    """Return what staff can share with a customer's clients, as template variables."""
    clients = clients_of(customer)
    steps = Prefetch("tasks", Task.objects.order_by("sort_date", "pk"), to_attr="steps")
    return {
        "clients": clients,
        "projects": _section(Project, _of(customer, Project).prefetch_related(steps).order_by("sort_date", "pk"), clients),
        "contracts": _section(Contract, _of(customer, Contract).order_by("sort_date", "pk"), clients),
        "domains": _section(Domain, Domain.objects.none(), clients),
    }


def _of(customer: Customer, model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(of_customer(customer))
    return rows


def _section(model: type[Model], rows: QuerySet[Any], clients: list[AccessInvitation]) -> SharedSection:
    area: Any = GATES[model].area
    return SharedSection(area, list(rows[:MAX_ROWS]), _names_of_covered(clients, area))


def _names_of_covered(clients: list[AccessInvitation], area: Area) -> list[str]:
    """Return the clients' names whose access covers the area, each once."""
    by_client: dict[int, list[AccessInvitation]] = {}
    for invitation in clients:
        by_client.setdefault(invitation.client_id, []).append(invitation)
    return [given[0].person_name for given in by_client.values() if combine_access(given).covers(area)]
