"""What the pages of duplicates and merges show."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import ngettext_lazy

from customers.merging.contacts import CONTACTS, missing_contacts
from customers.merging.models import MergeLog
from customers.merging.relations import RELATIONS, Relation
from customers.models import Customer
from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import CappedCount
from partnerportal.core.pagination import COUNT_LIMIT

_CONTACTS: Any = ngettext_lazy("%(count)d contact", "%(count)d contacts", "count")


@dataclass(frozen=True)
class RowCount:
    """A number of rows of one kind, with the place on the customer page that shows them."""

    text: str
    anchor: str


@dataclass(frozen=True)
class MergePlan:
    """What moves to the first customer and what stays with the second one."""

    moving: list[RowCount]
    staying: list[RowCount]


def merge_plan(first: Customer, second: Customer) -> MergePlan:
    """Return what a merge of the second customer into the first one would move, with one query."""
    shown = _labelled()
    counts: list[Any] = [
        CappedCount(rows, COUNT_LIMIT) for relation in shown for rows in (relation.of(second), relation.moving(first, second))
    ]
    (found,) = Agency.objects.filter(pk=first.agency_id).values_list(*counts)
    plan = MergePlan([], [])
    # A count of no rows is None.
    numbers = [count or 0 for count in found]
    for relation, total, moving in zip(shown, numbers[::2], numbers[1::2], strict=True):
        for count, listed in ((moving, plan.moving), (total - moving, plan.staying)):
            if count:
                listed.append(RowCount(relation.text(count), relation.anchor))
    if missing := len(missing_contacts(first, second)):
        plan.moving.append(RowCount(_CONTACTS % {"count": missing}, CONTACTS.anchor))
    return plan


def moved_rows(log: MergeLog) -> list[RowCount]:
    """Return the rows that a merge has moved or copied."""
    counts = {key: len(rows) for key, rows in log.moved.items()}
    rows = [RowCount(relation.text(counts[relation.key]), relation.anchor) for relation in _labelled() if relation.key in counts]
    if contacts := log.created.get(CONTACTS.name):
        rows.append(RowCount(_CONTACTS % {"count": len(contacts)}, CONTACTS.anchor))
    return rows


def kept_rows(kept: dict[str, Any]) -> list[str]:
    """Return what an undo left with the first customer, as texts."""
    counts = kept.get("rows", {})
    rows = [relation.text(counts[relation.key]) for relation in _labelled() if relation.key in counts]
    if contacts := counts.get(CONTACTS.key):
        rows.append(_CONTACTS % {"count": contacts})
    return rows + fields_of(kept.get("fields", ()))


def fields_of(columns: Iterable[str]) -> list[str]:
    """Return the labels of the customer's columns, in the order of the model."""
    return [str(field.verbose_name) for field in Customer._meta.fields if field.attname in set(columns)]


def _labelled() -> list[Relation]:
    return [relation for relation in RELATIONS if relation.label]
