"""Sections of the dashboard: what is overdue, who is waiting, and what is due next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import SOON_DAYS, Contract, Customer, Domain, Project
from invitations.models import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.core.compiled import compiled
from partnerportal.desk.menu import open_tasks
from partnerportal.desk.rows import (
    MAX_TOTAL,
    Excerpt,
    Row,
    belongs_to,
    dated_row,
    first_rows,
    invitation_row,
    person_name,
    request_row,
    total_of,
    whose_rows,
)
from requests_inbox.models import ContactRequest

#: Maximum number of rows of a section on the dashboard, and on its own page.
SHORT, LONG = 7, MAX_TOTAL


@dataclass(frozen=True)
class Section:
    """A section with its first rows."""

    name: str
    title: str | Promise
    icon: str
    rows: list[Row]
    total: int
    #: Whether there are more rows than `total`.
    is_capped: bool = False

    @property
    def count(self) -> str:
        """The total for display: “12” or “100+”."""
        return f"{LONG}+" if self.is_capped else str(self.total)

    @property
    def has_more(self) -> bool:
        """Whether not all rows are shown."""
        return self.total > len(self.rows) or self.is_capped


#: Titles and icons of the sections, in their order.
SECTIONS: dict[str, tuple[Promise, str]] = {
    "overdue": (_("Overdue"), "exclamation-triangle"),
    "waiting": (_("Waiting for you"), "chat-bubble-left-right"),
    "week": (_("Today and this week"), "calendar"),
    "later": (_("Next 30 days"), "calendar-days"),
}


@dataclass(frozen=True)
class Dated:
    """A kind of item with a due date."""

    name: str
    #: Returns the open items of all agencies.
    rows: Callable[[], QuerySet[Any]]
    title: Any
    #: Fields of the people to whom an item belongs, the most specific first.
    people: tuple[str, ...] = ("customer__responsible",)


_DATED = (
    Dated("task", open_tasks, F("title"), ("assignee", "customer__responsible")),
    Dated("project", lambda: Project.objects.filter(status__in=[Project.Status.PLANNED, Project.Status.ACTIVE]), F("title")),
    Dated("domain", lambda: Domain.objects.filter(auto_renew=False), F("unicode_name")),
    Dated("contract", lambda: Contract.objects.filter(status=Contract.Status.ACTIVE), Coalesce(NullIf("product", Value("")), F("number"))),
)


def sections_for(member: Membership, team: list[User], *, mine: bool, only: str = "") -> list[Section]:
    """Return the sections that aren't empty, or the section `only` with more rows.

    A member's own rows (`mine`) are those assigned to them, then those of customers they manage; rows without any of
    these people belong to the managers.
    """
    names = [only] if only else list(SECTIONS)
    limit = LONG if only else SHORT
    sections = _dated_sections(member, team, names, mine=mine, limit=limit)
    if "waiting" in names:
        sections["waiting"] = _waiting(member, team, mine=mine, limit=limit)
    return [sections[name] for name in SECTIONS if name in sections and sections[name].rows]


def _waiting(member: Membership, team: list[User], *, mine: bool, limit: int) -> Section:
    """Return requests without a reply and pending invitations, the oldest first: the same ones that the menu counts."""
    values = {"agency": member.agency_id, "user": member.user_id}
    whose = whose_rows(member, mine=mine)
    requests = waiting_requests(whose, limit, **values)
    invitations = waiting_invitations(whose, limit, **values, now=timezone.now())
    rows = [request_row(request, person_name(request.assignee_id, member, team)) for request in requests]
    rows += [invitation_row(invitation) for invitation in invitations]
    rows.sort(key=lambda row: row.moment)
    total = total_of(requests) + total_of(invitations)
    return Section("waiting", *SECTIONS["waiting"], rows[:limit], min(total, LONG), is_capped=total > LONG)


@compiled
def waiting_requests(whose: str, limit: int, /, *, agency: Any, user: Any) -> Any:
    """Return the oldest requests without a reply."""
    requests = ContactRequest.objects.waiting().filter(belongs_to(whose, user, "assignee", "customer__responsible"), agency=agency)
    return first_rows(requests.annotate(excerpt=Excerpt("message")).defer("message", "search_text"), "pk", limit)


@compiled
def waiting_invitations(whose: str, limit: int, /, *, agency: Any, user: Any, now: Any) -> Any:
    """Return the oldest pending invitations."""
    invitations = AccessInvitation.objects.pending(now).filter(belongs_to(whose, user), agency=agency)
    return first_rows(invitations.select_related("agency"), "pk", limit)


def _dated_sections(member: Membership, team: list[User], names: list[str], *, mine: bool, limit: int) -> dict[str, Section]:
    """Return the sections by date, with one query for all sections and kinds."""
    names = [name for name in names if name in _RANGES]
    if not names:
        return {}
    today = timezone.localdate()
    # The week ends on Sunday.
    dates = {"today": today, "sunday": today + timedelta(days=6 - today.weekday()), "horizon": today + timedelta(days=SOON_DAYS)}
    found = dated_rows(whose_rows(member, mine=mine), limit, *names, agency=member.agency_id, user=member.user_id, **dates)
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in names}
    totals: dict[str, dict[str, int]] = {name: {} for name in names}
    for name, kind, pk, day, title, person, priority, total, customer in found:
        rows[name].append((day, priority or 0, kind, pk, title, person, customer))
        totals[name][kind] = total
    rows = {name: sorted(values, key=lambda values: values[:2])[:limit] for name, values in rows.items()}
    keys = tuple({customer for values in rows.values() for *_item, customer in values})
    customers = {customer.pk: customer for customer in customers_named(keys=keys)} if keys else {}

    def row(day: date, priority: int, kind: str, pk: int, title: str, person: int | None, customer: int) -> Row:
        name = person_name(person, member, team)
        return dated_row(kind, pk, day, title, customer=customers[customer], person=name, priority=priority)

    return {
        name: Section(
            name,
            *SECTIONS[name],
            [row(*values) for values in rows[name]],
            sum(min(total, LONG) for total in totals[name].values()),
            is_capped=any(total > LONG for total in totals[name].values()),
        )
        for name in names
    }


@compiled
def customers_named(*, keys: Any) -> QuerySet[Customer]:
    """Return these customers with their names. Joining them in each part of `dated_rows` takes PostgreSQL several times as long to plan."""
    return Customer.objects.filter(pk__any=keys).only("kind", "status", "company", "first_name", "last_name")


#: Condition of each section by date.
_RANGES: dict[str, Callable[[Any, Any, Any], Q]] = {
    "overdue": lambda today, sunday, horizon: Q(sort_date__lt=today),
    "week": lambda today, sunday, horizon: Q(sort_date__range=(today, sunday)),
    "later": lambda today, sunday, horizon: Q(sort_date__gt=sunday, sort_date__lte=horizon),
}


@compiled
def dated_rows(
    whose: str, limit: int, /, *names: str, agency: Any, user: Any, today: Any, sunday: Any, horizon: Any
) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the first rows of each kind in each of the sections."""
    found = [
        (name, kind, kind.rows().filter(_RANGES[name](today, sunday, horizon), belongs_to(whose, user, *kind.people), agency=agency))
        for name in names
        for kind in _DATED
    ]
    parts = [_part(rows, name, kind, limit) for name, kind, rows in found]
    return parts[0].union(*parts[1:], all=True)


def _part(found: QuerySet[Any], section: str, kind: Dated, limit: int) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the first rows of one kind in one section, with their number up to a limit."""
    is_task = kind.name == "task"
    columns: dict[str, Any] = {
        "row_section": Value(section, CharField()),
        "row_kind": Value(kind.name, CharField()),
        "row_pk": F("pk"),
        "row_day": F("sort_date"),
        "row_title": kind.title,
        "row_person": F("assignee") if is_task else Cast(Value(None), IntegerField()),
        "row_priority": F("priority") if is_task else Cast(Value(None), IntegerField()),
        # Counts at most one row more than the limit, in the order of the index, because PostgreSQL otherwise reads the whole table.
        "row_total": Func(
            ArraySubquery(found.order_by("sort_date", "pk").values("pk")[: LONG + 1]), function="cardinality", output_field=IntegerField()
        ),
        "row_customer": F("customer_id"),
    }
    rows: QuerySet[Any, tuple[Any, ...]] = found.annotate(**columns).order_by("sort_date", "pk").values_list(*columns)[:limit]
    return rows
