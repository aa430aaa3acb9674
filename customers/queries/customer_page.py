"""What a customer's page shows: sections of items, what needs attention, and the activity."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import SOON_DAYS, Contract, Domain, Task
from customers.queries.customers import MAX_ROWS
from partnerportal.audit.descriptions import DESCRIPTIONS
from partnerportal.audit.models import AuditEvent

#: Number of rows of each kind, unless the page shows all rows of that kind.
SHOWN_ROWS = 5
#: Minimum number of similar events in a row that are shown as one.
MIN_RUN = 3


@dataclass(frozen=True)
class Section:
    """Items of one kind: the open ones, and the completed, cancelled or ended ones."""

    #: Parameter of the page that shows all, and the section's anchor.
    key: str
    title: str | Promise
    row: str
    open: list[Any]
    closed: list[Any]
    closed_label: str | Promise
    is_expanded: bool

    @property
    def count(self) -> str:
        """Number of all items, “200+” if the page doesn't load more."""
        number = len(self.open) + len(self.closed)
        return f"{number}+" if number >= MAX_ROWS else str(number)

    @property
    def shown(self) -> list[Any]:
        """The open items in the rows."""
        return self.open if self.is_expanded else self.open[:SHOWN_ROWS]

    @property
    def shown_closed(self) -> list[Any]:
        """The other items in the rows."""
        return self.closed if self.is_expanded else self.closed[:SHOWN_ROWS]

    @property
    def has_more(self) -> bool:
        """Whether there are items without a row."""
        return len(self.shown) + len(self.shown_closed) < len(self.open) + len(self.closed)


@dataclass(frozen=True)
class Attention:
    """What needs attention: overdue tasks, and the next date of each kind."""

    overdue_tasks: int
    #: Domains that expire soon or have expired, next one first.
    domains: list[Domain]
    #: Contracts that must be cancelled soon, next one first.
    contracts: list[Contract]

    def __bool__(self) -> bool:
        return bool(self.overdue_tasks or self.domains or self.contracts)


@dataclass(frozen=True)
class Run:
    """One event, or several similar ones in a row."""

    events: list[AuditEvent]

    @property
    def latest(self) -> AuditEvent:
        """The newest event."""
        return self.events[0]

    @property
    def sentence(self) -> str:
        """The events as a sentence in the active language."""
        if len(self.events) == 1:
            return self.latest.sentence
        return str(DESCRIPTIONS[self.latest.action].run % {"count": len(self.events)})


def item_sections(items: dict[str, list[Any]], *, expanded: str) -> list[Section]:
    """Return the sections that have items. `items` are those of `customer_items`; `expanded` is the key of a section."""
    kinds: list[tuple[str, str | Promise, str, Any, str | Promise]] = [
        ("tasks", _("Tasks"), "_task", lambda task: not task.is_done, _("completed")),
        ("projects", _("Projects"), "_project", lambda project: project.is_open, _("done or cancelled")),
        ("domains", _("Domains"), "_domain", lambda _domain: True, ""),
        ("contracts", _("Contracts"), "_contract", lambda contract: contract.status == Contract.Status.ACTIVE, _("cancelled or ended")),
    ]
    return [
        Section(
            key,
            title,
            f"customers/includes/{row}.html",
            open=[item for item in items[key] if is_open(item)],
            closed=[item for item in items[key] if not is_open(item)],
            closed_label=closed_label,
            is_expanded=expanded == key,
        )
        for key, title, row, is_open, closed_label in kinds
        if items[key]
    ]


def attention(*, tasks: Iterable[Task], domains: Iterable[Domain], contracts: Iterable[Contract]) -> Attention:
    """Return what needs attention within `SOON_DAYS`."""
    today = timezone.localdate()
    soon = today + timedelta(days=SOON_DAYS)
    cancellable = [item for item in contracts if item.status == Contract.Status.ACTIVE and item.cancel_by]
    return Attention(
        overdue_tasks=sum(not task.is_done and task.due_on is not None and task.due_on < today for task in tasks),
        domains=[domain for domain in domains if (ends_on := domain.ends_on()) and ends_on <= soon],
        contracts=sorted((item for item in cancellable if today <= item.cancel_by <= soon), key=lambda item: item.cancel_by),
    )


def fold_runs(events: list[AuditEvent], *, limit: int) -> list[Run]:
    """Join similar events in a row: those with the same action by the same person on the same day.

    If there are `limit` events, the last run may be incomplete, so it isn't joined.
    """
    runs: list[Run] = []
    for (action, *_who_and_when), rows in groupby(events, _similarity):
        similar = list(rows)
        description = DESCRIPTIONS.get(action)
        is_incomplete = len(events) == limit and similar[-1] is events[-1]
        can_join = len(similar) >= MIN_RUN and description is not None and description.run is not None and not is_incomplete
        runs += [Run(similar)] if can_join else [Run([event]) for event in similar]
    return runs


def _similarity(event: AuditEvent) -> tuple[str, str, date]:
    return event.action, event.actor_label, timezone.localdate(event.created_at)
