"""What a calendar feed contains."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, DateField, F, IntegerField, Max, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from customers.models import Contract, Customer, Domain, Project
from invitations.models import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.core.compiled import compiled
from partnerportal.desk.calendar.models import CalendarFeed
from partnerportal.desk.menu import open_tasks
from partnerportal.desk.rows import belongs_to

#: Maximum number of events of a feed, the earliest first.
MAX_EVENTS = 2_000


@dataclass(frozen=True)
class Kind:
    """A kind of dates."""

    #: Name in the events' identifiers, which calendar programs remember.
    name: str
    #: Returns the rows of all agencies.
    rows: Callable[[], QuerySet[Any]]
    title: Any
    #: The column with the date.
    day: str = "sort_date"
    #: Another date of the object, which the event mentions.
    other_day: str = ""
    #: Fields of the people to whom an item belongs, the most specific first.
    people: tuple[str, ...] = ("customer__responsible",)


def _active_contracts() -> QuerySet[Contract]:
    return Contract.objects.filter(status=Contract.Status.ACTIVE)


_CONTRACT_TITLE = Coalesce(NullIf("product", Value("")), F("number"))
KINDS = (
    Kind("task", open_tasks, F("title"), people=("assignee", "customer__responsible")),
    Kind("project", lambda: Project.objects.filter(status__in=[Project.Status.PLANNED, Project.Status.ACTIVE]), F("title")),
    Kind("domain", lambda: Domain.objects.filter(auto_renew=False), F("unicode_name")),
    Kind("contract", _active_contracts, _CONTRACT_TITLE, other_day="cancel_by"),
    # Without a notice period, the end is the only date.
    Kind("cancel", lambda: _active_contracts().exclude(cancel_by=F("ends_on")), _CONTRACT_TITLE, day="cancel_by", other_day="ends_on"),
    Kind("access", lambda: AccessInvitation.objects.not_ended(), Coalesce(NullIf("company", Value("")), F("name")), day="ends_on"),
)
#: Models whose changes count, by the name of the kind.
_CHANGED = {
    "task": "customers.task",
    "project": "customers.project",
    "domain": "customers.domain",
    "contract": "customers.contract",
    "access": "invitations.accessinvitation",
}


def find_feed(token: str) -> CalendarFeed | None:
    """Return the feed with this token, if its member may open the portal."""
    return CalendarFeed.objects.working().select_related("member__user", "member__agency").with_token(token).first()


@compiled
def due_dates(whose: str, limit: int, /, *, agency: Any, user: Any, first: Any, last: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the dates between two days that belong to the member, the earliest first. `whose` is that of `belongs_to`."""
    parts = [_part(kind, whose, limit, agency=agency, user=user, first=first, last=last) for kind in KINDS]
    rows: QuerySet[Any, tuple[Any, ...]] = parts[0].union(*parts[1:], all=True).order_by("row_day", "row_kind", "row_pk")[:limit]
    return rows


def _part(kind: Kind, whose: str, limit: int, *, agency: Any, user: Any, first: Any, last: Any) -> QuerySet[Any, tuple[Any, ...]]:
    is_task = kind.name == "task"
    columns: dict[str, Any] = {
        "row_kind": Value(kind.name, CharField()),
        "row_pk": F("pk"),
        "row_day": F(kind.day),
        "row_title": kind.title,
        "row_customer": F("customer_id"),
        "row_person": F("assignee") if is_task else Cast(Value(None), IntegerField()),
        "row_priority": F("priority") if is_task else Cast(Value(None), IntegerField()),
        "row_other_day": F(kind.other_day) if kind.other_day else Cast(Value(None), DateField()),
        "row_created": F("created_at"),
    }
    found = kind.rows().filter(belongs_to(whose, user, *kind.people), agency=agency, customer__status=Customer.Status.ACTIVE)
    found = found.filter(**{f"{kind.day}__gte": first, f"{kind.day}__lte": last}).annotate(**columns)
    rows: QuerySet[Any, tuple[Any, ...]] = found.order_by(kind.day, "pk").values_list(*columns)[:limit]
    return rows


@compiled
def customers_of(*, keys: Any) -> QuerySet[Customer]:
    """Return these customers with their numbers and names."""
    return Customer.objects.filter(pk__any=keys).only("number", "kind", "status", "company", "first_name", "last_name")


@compiled
def people_of(*, keys: Any) -> QuerySet[User]:
    """Return these users with their names."""
    return User.objects.filter(pk__any=keys).only("full_name", "email")


def changes_of(keys: dict[str, list[int]]) -> dict[tuple[str, int], tuple[datetime, int]]:
    """Return when objects were last changed, and how often, by the kind and the key of each object with a recorded change."""
    names = {label: name for name, label in _CHANGED.items()}
    rows = object_changes(**{name: tuple(keys.get(name, ())) for name in _CHANGED})
    return {(names[label], pk): (changed_at, number) for label, pk, changed_at, number in rows}


@compiled
def object_changes(*, task: Any, project: Any, domain: Any, contract: Any, access: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the time of the last audit event of each object, and their number."""
    keys = {"task": task, "project": project, "domain": domain, "contract": contract, "access": access}
    objects = Q(pk__in=[])
    for name, label in _CHANGED.items():
        objects |= Q(object_type=label, object_id__any=keys[name])
    rows: QuerySet[Any, tuple[Any, ...]] = (
        AuditEvent.objects.filter(objects)
        .order_by()
        .values("object_type", "object_id")
        .annotate(changed_at=Max("created_at"), number=Count("pk"))
        .values_list("object_type", "object_id", "changed_at", "number")
    )
    return rows
