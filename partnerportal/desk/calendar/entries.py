"""The events of a calendar feed, in the member's language."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer, Task
from partnerportal.core.addresses import address
from partnerportal.core.pending import day_in
from partnerportal.desk.calendar.models import CalendarFeed
from partnerportal.desk.calendar.queries import MAX_EVENTS, changes_of, customers_of, due_dates, people_of
from partnerportal.desk.rows import whose_rows

#: Days before and after today whose dates a feed contains.
PAST_DAYS, FUTURE_DAYS = 30, 2 * 365

#: Names of the events by kind, with %(title)s and %(customer)s.
_SUMMARIES: dict[str, Promise] = {
    "task": gettext_lazy("Task: %(title)s (%(customer)s)"),
    "project": gettext_lazy("Project due: %(title)s (%(customer)s)"),
    "domain": gettext_lazy("Domain expires: %(title)s (%(customer)s)"),
    "contract": gettext_lazy("Contract ends: %(title)s (%(customer)s)"),
    "cancel": gettext_lazy("Cancel by: %(title)s (%(customer)s)"),
    "access": gettext_lazy("Access ends: %(title)s (%(customer)s)"),
}
#: Labels of the other date by kind.
_OTHER_DAYS: dict[str, Promise] = {"contract": gettext_lazy("Cancel by"), "cancel": gettext_lazy("Ends on")}
#: The kind of the object, where it isn't the kind of the event.
_OBJECTS = {"cancel": "contract"}
#: The page of an object, where it isn't a form of `customers`.
_PAGES = {"access": "invitations:detail"}


@dataclass(frozen=True)
class Entry:
    """An all-day event."""

    #: Identifies the event permanently: the kind and the key.
    key: str
    day: date
    summary: str
    description: str
    url: str
    #: When the object was last changed, and how often.
    changed_at: datetime
    sequence: int


def entries_of(feed: CalendarFeed) -> list[Entry]:
    """Return the events of a feed in the active language."""
    member = feed.member
    today = day_in(member.user.time_zone or member.agency.time_zone, datetime.now(UTC))
    rows = due_dates(
        whose_rows(member, mine=feed.whose == feed.Whose.MINE),
        MAX_EVENTS,
        agency=feed.agency_id,
        user=member.user_id,
        first=today - timedelta(days=PAST_DAYS),
        last=today + timedelta(days=FUTURE_DAYS),
    )
    return list(_entries(rows)) if rows else []


def _entries(rows: list[tuple[Any, ...]]) -> Iterator[Entry]:
    objects: dict[str, list[int]] = {}
    for kind, pk, *_rest in rows:
        objects.setdefault(_OBJECTS.get(kind, kind), []).append(pk)
    customers = {customer.pk: customer for customer in customers_of(keys=tuple({row[4] for row in rows}))}
    keys = tuple({row[5] for row in rows if row[5]})
    people = {user.pk: str(user) for user in people_of(keys=keys)} if keys else {}
    changes = changes_of(objects)
    for kind, pk, day, title, customer, person, priority, other_day, created_at in rows:
        concerned = _OBJECTS.get(kind, kind)
        changed_at, number = changes.get((concerned, pk), (created_at, 0))
        url = f"{settings.SITE_URL}{address(_PAGES.get(kind, f'customers:{concerned}_edit'), pk)}"
        yield Entry(
            key=f"{kind}-{pk}",
            day=day,
            summary=_SUMMARIES[kind] % {"title": title, "customer": customers[customer].name_in_text},
            description=_description(kind, customers[customer], people.get(person, ""), priority, other_day, url),
            url=url,
            changed_at=changed_at,
            sequence=number,
        )


def _description(kind: str, customer: Customer, person: str, priority: int | None, other_day: date | None, url: str) -> str:
    """Return a line for each detail. Calendar programs that don't show the URL show its line."""
    details = [
        (_("Customer"), customer.numbered_name),
        (_("Assigned to"), person),
        (_("Priority"), str(Task.Priority.HIGH.label) if priority == Task.Priority.HIGH else ""),
        (str(_OTHER_DAYS.get(kind, "")), date_format(other_day, "DATE_FORMAT") if other_day else ""),
    ]
    return "\n".join([*(f"{label}: {text}" for label, text in details if text), "", url])
