"""What a digest is made of. The number of queries for the members of an agency doesn't depend on their number."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import Cast, Coalesce, RowNumber

from customers.deadlines.queries import Deadline, deadline_lines
from customers.models import Customer, Task
from invitations.models import AccessInvitation, AccessRequest, Approval, SharedFile
from partnerportal.agencies.models import Agency, DigestItem, InternalKind, Membership, Notification
from partnerportal.core.compiled import compiled
from partnerportal.desk.digest.models import DigestRun
from partnerportal.desk.rows import Excerpt
from partnerportal.desk.sections import DATED
from requests_inbox.models import ContactRequest
from reviews.models import Review, ReviewRequest

#: Maximum number of rows of a section.
LIMIT = 10
#: Maximum number of new reviews that are loaded for an agency.
MAX_REVIEWS = 500
#: Reviews are new after this time, in which every transaction that was running ends. Otherwise one that commits late would be missed.
LAG = timedelta(minutes=5)
#: Sections by date.
OVERDUE, TODAY, WEEK = "overdue", "today", "week"

#: Agency, day in the members' time zone, and keys of the members whose digest is due.
Group = tuple[int, date, list[int]]


def due_groups(now: datetime) -> list[Group]:
    """Return the members whose digest of today is due and not yet sent, by agency and day, with one query."""
    due = []
    for pk, agency, zone, hour, days, since, last_day in _candidates():
        local = now.astimezone(ZoneInfo(zone))
        day = local.date()
        # An hour that doesn't exist is the one after it, and of one that exists twice, it's the first one.
        due_at = datetime.combine(day, time(hour), local.tzinfo)
        # Compared in UTC, because local times of the same zone are compared by the clock.
        is_due = due_at.timestamp() <= now.timestamp() and due_at.timestamp() >= since.timestamp()
        if is_due and day.isoweekday() in days and (last_day is None or last_day < day):
            due.append((agency, day, pk))
    return [(*key, [pk for *_key, pk in members]) for key, members in groupby(sorted(due), key=lambda row: row[:2])]


def _candidates() -> QuerySet[Any, Any]:
    runs = DigestRun.objects.filter(membership=OuterRef("pk")).order_by("-local_date")
    zone = Case(When(user__time_zone="", then=F("agency__time_zone")), default=F("user__time_zone"), output_field=CharField())
    members = Membership.objects.filter(wants_digest=True, user__is_active=True).annotate(
        zone=zone, last_day=Subquery(runs.values("local_date")[:1])
    )
    return members.values_list("pk", "agency", "zone", "digest_hour", "digest_days", "digest_from", "last_day")


@dataclass
class Facts:
    """What is known about the agency for its members' digests of a day. The keys of people are those of users; None is nobody."""

    today: date
    #: Rows of tasks, projects, domains and contracts, and their number, by section and person.
    dated: dict[tuple[str, int | None], list[tuple[Any, ...]]] = field(default_factory=dict)
    totals: dict[tuple[str, int | None], int] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    #: Requests that wait for a reply, each with the `total` number of its assignee.
    waiting: dict[int | None, list[ContactRequest]] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    #: By key of the membership.
    reviews_since: dict[int, datetime] = field(default_factory=dict)
    items: dict[int, list[DigestItem]] = field(default_factory=dict)
    #: Objects of the items by kind and key, those that still exist.
    objects: dict[str, dict[int, Any]] = field(default_factory=dict)


def facts_for(agency: Agency, members: list[Membership], day: date, at: datetime) -> Facts:
    """Return what the digests of these members need, which are sent `at` this time."""
    facts = Facts(day)
    # The week ends on Sunday.
    values = {"agency": agency.pk, "today": day, "sunday": day + timedelta(days=6 - day.weekday())}
    for kind in DATED:
        for section, person, total, *row in dated_rows(kind.name, **values):
            facts.dated.setdefault((section, person), []).append((kind.name, *row))
            facts.totals[section, person] = facts.totals.get((section, person), 0) + (total if row[0] == 1 else 0)
    for key, rows in facts.dated.items():
        facts.dated[key] = sorted(rows, key=lambda row: (row[3], row[5] or 0, row[0], row[2]))[:LIMIT]
    keys = tuple({row[-1] for rows in facts.dated.values() for row in rows})
    facts.customers = {customer.pk: customer for customer in customers_named(keys=keys)} if keys else {}
    for request in waiting_requests(agency=agency.pk):
        facts.waiting.setdefault(request.assignee_id, []).append(request)
    _add_reviews(facts, agency, members, at)
    for item in DigestItem.objects.filter(membership__in=members).order_by("pk"):
        facts.items.setdefault(item.membership_id, []).append(item)
    _add_objects(facts, agency)
    return facts


@compiled
def dated_rows(name: str, /, *, agency: Any, today: Any, sunday: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the first rows of one kind that are overdue or due until `sunday`, for each section and person."""
    kind = next(kind for kind in DATED if kind.name == name)
    people = [F(person) for person in kind.people]
    is_overdue, is_today = When(sort_date__lt=today, then=Value(OVERDUE)), When(sort_date=today, then=Value(TODAY))
    section = Case(is_overdue, is_today, default=Value(WEEK), output_field=CharField())
    columns: dict[str, Any] = {
        "row_section": section,
        "row_person": Coalesce(*people, output_field=IntegerField()) if len(people) > 1 else people[0],
        "row_total": Window(Count("pk"), partition_by=[F("row_section"), F("row_person")]),
        "row_position": Window(RowNumber(), partition_by=[F("row_section"), F("row_person")], order_by=["sort_date", "pk"]),
        "row_pk": F("pk"),
        "row_day": F("sort_date"),
        "row_title": kind.title,
        "row_priority": F("priority") if name == "task" else Cast(Value(None), IntegerField()),
        "row_customer": F("customer_id"),
    }
    rows = kind.rows().filter(agency=agency, sort_date__lte=sunday).annotate(**columns).filter(row_position__lte=LIMIT)
    found: QuerySet[Any, tuple[Any, ...]] = rows.order_by("row_position").values_list(*columns)
    return found


def customers_named(*, keys: Any) -> QuerySet[Customer]:
    """Return these customers with their names."""
    return Customer.objects.filter(pk__any=keys).only("kind", "status", "company", "first_name", "last_name")


@compiled
def waiting_requests(*, agency: Any) -> QuerySet[ContactRequest]:
    """Return the oldest requests waiting for a reply, for each assignee."""
    waiting = ContactRequest.objects.waiting().filter(agency=agency)
    found = waiting.annotate(
        total=Window(Count("pk"), partition_by=[F("assignee")]),
        position=Window(RowNumber(), partition_by=[F("assignee")], order_by=["pk"]),
    ).filter(position__lte=LIMIT)
    rows: QuerySet[ContactRequest] = found.annotate(excerpt=Excerpt("message")).defer("message", "search_text").order_by("pk")
    return rows


def _add_reviews(facts: Facts, agency: Agency, members: list[Membership], at: datetime) -> None:
    """Add the reviews since the members' last digests."""
    keys = [member.pk for member in members]
    earlier = DigestRun.objects.filter(membership__in=keys, local_date__lt=facts.today).order_by("membership", "-local_date")
    last = dict(earlier.distinct("membership").values_list("membership", "created_at"))
    for member in members:
        facts.reviews_since[member.pk] = last[member.pk] - LAG if member.pk in last else member.digest_from
    oldest = min(facts.reviews_since.values())
    reviews = Review.objects.counted().filter(agency=agency, created_at__gte=oldest, created_at__lt=at - LAG)
    facts.reviews = list(reviews.select_related("request__project", "request__customer").order_by("-created_at")[:MAX_REVIEWS])


#: Objects of the kinds of items, of all agencies.
_OBJECTS: dict[str, Any] = {
    Notification.REQUESTS: lambda: ContactRequest.objects.undecided().defer("message", "search_text"),
    Notification.ACCESS: lambda: AccessInvitation.objects.select_related("customer"),
    InternalKind.ACCESS_REQUESTS: lambda: AccessRequest.objects.exclude(customer__status="erased").select_related("customer"),
    Notification.FILES: lambda: SharedFile.objects.select_related("customer"),
    InternalKind.APPROVALS: lambda: Approval.objects.exclude(status=Approval.Status.WITHDRAWN).select_related("customer"),
    Notification.TASKS: lambda: Task.objects.filter(done_at=None).select_related("customer"),
    Notification.MESSAGES: lambda: Customer.objects.not_erased(),
    Notification.UNDELIVERABLE: lambda: ReviewRequest.objects.exclude(undeliverable_at=None).select_related("customer", "project"),
}


def _add_objects(facts: Facts, agency: Agency) -> None:
    """Add the objects of all items, with one query for each kind."""
    wanted: dict[str, set[int]] = {}
    for item in (item for items in facts.items.values() for item in items):
        wanted.setdefault(item.kind, set()).add(item.object_id)
    for kind, keys in wanted.items():
        if kind == Notification.DEADLINES:
            facts.objects[kind] = _deadlines(agency, keys)
        elif kind in _OBJECTS:
            facts.objects[kind] = {found.pk: found for found in _OBJECTS[kind]().filter(agency=agency, pk__in=keys)}


def _deadlines(agency: Agency, notices: Collection[int]) -> dict[int, Deadline]:
    return {line.notice: line for line in deadline_lines(agency, notices)}
