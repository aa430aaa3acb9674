"""Sections of the dashboard: what is overdue, who is waiting, and what is due next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, CharField, F, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import SOON_DAYS, Contract, Customer, Domain, Project
from invitations.models import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership
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


DATED = (
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
    values = {"agency": member.agency_id, "user": member.user_id, **dates}
    (found,) = dated_keys(whose_rows(member, mine=mine), limit, *names, **values)
    # For each section and kind, the number of rows and the keys of the first ones.
    totals = {name: [total for total, *_keys in found[place :: len(names)]] for place, name in enumerate(names)}
    keys = {name: [keys for _total, *keys in found[place :: len(names)]] for place, name in enumerate(names)}
    shown = {kind.name: tuple(chain(*(keys[name][place] for name in names))) for place, kind in enumerate(DATED)}
    items = {item[:2]: item for item in dated_rows(**shown)} if any(shown.values()) else {}
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for name in names:
        # Without those that changed between the two queries.
        section = [items[kind.name, key] for kind, own in zip(DATED, keys[name], strict=True) for key in own if (kind.name, key) in items]
        rows[name] = sorted(section, key=lambda item: (item[2], item[5] or 0))[:limit]

    def row(kind: str, pk: int, day: date, title: str, person: int | None, priority: int | None, *customer: Any) -> Row:
        name = person_name(person, member, team)
        shown_customer = Customer(**dict(zip(_CUSTOMER, customer, strict=True)))
        return dated_row(kind, pk, day, title, customer=shown_customer, person=name, priority=priority)

    return {
        name: Section(
            name,
            *SECTIONS[name],
            [row(*values) for values in rows[name]],
            sum(min(total, LONG) for total in totals[name]),
            is_capped=any(total > LONG for total in totals[name]),
        )
        for name in names
    }


#: Condition of each section by date.
_RANGES: dict[str, Callable[[Any, Any, Any], Q]] = {
    "overdue": lambda today, sunday, horizon: Q(sort_date__lt=today),
    "week": lambda today, sunday, horizon: Q(sort_date__range=(today, sunday)),
    "later": lambda today, sunday, horizon: Q(sort_date__gt=sunday, sort_date__lte=horizon),
}


class FirstKeys(Subquery):
    """The number of keys that a queryset returns, followed by the first ones, as an array."""

    # Without OFFSET, PostgreSQL would put the subquery in both places and execute it twice.
    template = "(SELECT cardinality(keys)::bigint || keys[1:%(limit)s] FROM (SELECT ARRAY(%(subquery)s) AS keys OFFSET 0) AS found)"
    output_field = ArrayField(BigIntegerField())


@compiled
def dated_keys(
    whose: str, limit: int, /, *names: str, agency: Any, user: Any, today: Any, sunday: Any, horizon: Any
) -> QuerySet[Any, tuple[Any, ...]]:
    """Return one row: for each kind, `FirstKeys` of each section, which counts up to one row more than `LONG`."""
    found = [
        kind.rows().filter(_RANGES[name](today, sunday, horizon), belongs_to(whose, user, *kind.people), agency=agency)
        for kind in DATED
        for name in names
    ]
    # In the order of the index, because PostgreSQL otherwise reads the whole table.
    keys = [FirstKeys(rows.order_by("sort_date", "pk").values("pk")[: LONG + 1], limit=limit) for rows in found]
    return Agency.objects.filter(pk=agency).values_list(*keys)


#: Fields of the customers of dated rows.
_CUSTOMER = ("id", "kind", "status", "company", "first_name", "last_name")


@compiled
def dated_rows(**keys: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the rows with these keys, which are given for each kind, with their customers."""
    parts = [_part(kind, keys[kind.name]) for kind in DATED]
    return parts[0].union(*parts[1:], all=True)


def _part(kind: Dated, keys: Any) -> QuerySet[Any, tuple[Any, ...]]:
    is_task = kind.name == "task"
    columns: dict[str, Any] = {
        "row_kind": Value(kind.name, CharField()),
        "row_pk": F("pk"),
        "row_day": F("sort_date"),
        "row_title": kind.title,
        "row_person": F("assignee") if is_task else Cast(Value(None), IntegerField()),
        "row_priority": F("priority") if is_task else Cast(Value(None), IntegerField()),
        **{f"customer_row_{name}": F(f"customer__{name}") for name in _CUSTOMER},
    }
    rows: QuerySet[Any, tuple[Any, ...]] = kind.rows().filter(pk__any=keys).annotate(**columns).values_list(*columns)
    return rows
