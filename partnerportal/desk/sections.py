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
from partnerportal.desk.menu import open_tasks
from partnerportal.desk.rows import Excerpt, Row, belongs_to, dated_row, first_rows, invitation_row, person_name, request_row
from requests_inbox.models import ContactRequest

#: Maximum number of rows of a section on the dashboard, and on its own page.
SHORT, LONG = 7, 100


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
_CUSTOMER_FIELDS = ("pk", "kind", "status", "company", "first_name", "last_name")


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
    requests = ContactRequest.objects.awaiting_reply().filter(agency=member.agency)
    invitations = AccessInvitation.objects.pending().filter(agency=member.agency).select_related("agency")
    if mine:
        requests = requests.filter(belongs_to(member, "assignee"))
        invitations = invitations.filter(belongs_to(member))
    requests = requests.annotate(excerpt=Excerpt("message")).defer("message", "search_text")
    shown_requests, request_count = first_rows(requests, "pk", limit)
    shown_invitations, invitation_count = first_rows(invitations, "pk", limit)
    rows = [request_row(request, person_name(request.assignee_id, member, team)) for request in shown_requests]
    rows += [invitation_row(invitation) for invitation in shown_invitations]
    rows.sort(key=lambda row: row.moment)
    return Section("waiting", *SECTIONS["waiting"], rows[:limit], request_count + invitation_count)


def _dated_sections(member: Membership, team: list[User], names: list[str], *, mine: bool, limit: int) -> dict[str, Section]:
    """Return the sections by date, with one query for all sections and kinds."""
    ranges = {name: dates for name, dates in _date_ranges().items() if name in names}
    if not ranges:
        return {}
    parts = [_part(member, name, dates, kind, mine=mine, limit=limit) for name, dates in ranges.items() for kind in _DATED]
    rows: dict[str, list[tuple[date, int, Row]]] = {name: [] for name in ranges}
    totals: dict[str, dict[str, int]] = {name: {} for name in ranges}
    for name, kind, pk, day, title, person, priority, total, *fields in parts[0].union(*parts[1:], all=True):
        customer = Customer(**dict(zip(_CUSTOMER_FIELDS, fields, strict=True)))
        person_text = person_name(person, member, team)
        row = dated_row(kind, pk, day, title, customer=customer, person=person_text, priority=priority)
        rows[name].append((day, priority or 0, row))
        totals[name][kind] = total
    return {
        name: Section(
            name,
            *SECTIONS[name],
            [row for _day, _priority, row in sorted(rows[name], key=lambda entry: entry[:2])[:limit]],
            sum(min(total, LONG) for total in totals[name].values()),
            is_capped=any(total > LONG for total in totals[name].values()),
        )
        for name in ranges
    }


def _date_ranges() -> dict[str, Q]:
    """Return the condition of each section by date. The week ends on Sunday."""
    today = timezone.localdate()
    sunday, horizon = today + timedelta(days=6 - today.weekday()), today + timedelta(days=SOON_DAYS)
    return {
        "overdue": Q(sort_date__lt=today),
        "week": Q(sort_date__range=(today, sunday)),
        "later": Q(sort_date__gt=sunday, sort_date__lte=horizon),
    }


def _part(member: Membership, section: str, dates: Q, kind: Dated, *, mine: bool, limit: int) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the first rows of one kind in one section, with their number up to a limit."""
    found = kind.rows().filter(dates, agency=member.agency)
    if mine:
        found = found.filter(belongs_to(member, *kind.people))
    is_task = kind.name == "task"
    columns: dict[str, Any] = {
        "row_section": Value(section, CharField()),
        "row_kind": Value(kind.name, CharField()),
        "row_pk": F("pk"),
        "row_day": F("sort_date"),
        "row_title": kind.title,
        "row_person": F("assignee") if is_task else Cast(Value(None), IntegerField()),
        "row_priority": F("priority") if is_task else Cast(Value(None), IntegerField()),
        # Counts at most one row more than the limit. In the order of the index, because PostgreSQL otherwise reads the whole table.
        "row_total": Func(
            ArraySubquery(found.order_by("sort_date", "pk").values("pk")[: LONG + 1]), function="cardinality", output_field=IntegerField()
        ),
        **{f"row_customer_{name}": F(f"customer__{name}") for name in _CUSTOMER_FIELDS},
    }
    rows: QuerySet[Any, tuple[Any, ...]] = found.annotate(**columns).order_by("sort_date", "pk").values_list(*columns)[:limit]
    return rows
