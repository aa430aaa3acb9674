"""Registry of what moves and what stays when a customer is merged into another one.

Each foreign key to `Customer` has an entry. Apps that this one can't import register theirs in their `hooks.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils.translation import ngettext_lazy
from psycopg import sql

from customers.merging.models import CustomerKey, CustomerPair, MergeLog
from customers.models import Contact, Contract, Customer, CustomerTag, Domain, ImportRow, Note, Project, Task

Rows = QuerySet[Any]


class Changes:
    """Changes of rows besides their customer, which an undo takes back."""

    def __init__(self) -> None:
        #: Values before the change, by model and primary key.
        self.before: dict[type[Model], dict[int, dict[str, Any]]] = {}
        #: Rows that were added.
        self.created: list[Model] = []
        #: The first customer's contact that is the same person, by the key of the second one's contact; None is its primary one.
        self.counterparts: dict[int | None, Contact | None] = {}

    def change(self, row: Model, **values: Any) -> None:
        """Update a row and remember its previous values."""
        before = self.before.setdefault(type(row), {}).setdefault(row.pk, {})
        for name in values:
            before.setdefault(name, getattr(row, name))
        type(row)._base_manager.filter(pk=row.pk).update(**values)


def _all(rows: Rows) -> Rows:
    return rows


def no_rows(rows: Rows) -> Rows:
    """Let all rows stay."""
    return rows.none()


@dataclass(frozen=True)
class Relation:
    """The rows of one model that belong to a customer."""

    model: type[Model]
    #: Number of rows as text, with a plural form for "count"; None if the pages don't mention them.
    label: Any
    field: str = "customer"
    #: Which of the second customer's rows move.
    moves: Callable[[Rows], Rows] = _all
    #: Changes rows of the two customers (first, second) that can't belong to the same one, before rows move.
    resolve: Callable[[Customer, Customer, Changes], None] | None = None
    #: Which of the rows that would move stay instead, because the first customer has the same.
    held: Callable[[Rows, Customer], Rows] | None = None
    #: Foreign key to a moving row without which a row can't move back.
    owner: str = ""
    #: Anchor on the customer page.
    anchor: str = ""

    @property
    def key(self) -> str:
        """The name of the foreign key: “customers.task.customer”."""
        return f"{self.model._meta.label_lower}.{self.field}"

    @property
    def name(self) -> str:
        """The name of the model's permissions and events: “customers.task”."""
        return self.model._meta.label_lower

    def of(self, customer: Customer) -> Rows:
        """Return a customer's rows."""
        return self.model._base_manager.filter(**{self.field: customer})

    def moving(self, first: Customer, second: Customer) -> Rows:
        """Return the rows that move from the second to the first customer."""
        rows = self.moves(self.of(second))
        return rows.exclude(pk__in=self.held(rows, first).values("pk")) if self.held else rows

    def text(self, count: int) -> str:
        """Return a number of rows as text."""
        return str(self.label % {"count": count})


def _unless_rated(rows: Rows) -> Rows:
    """Leave out projects that answered reviews rate: both belong to the same customer."""
    return rows.exclude(review_requests__status="answered")


def _of_moving_projects(rows: Rows) -> Rows:
    return rows.exclude(project__review_requests__status="answered")


def _already_given(rows: Rows, first: Customer) -> Rows:
    return rows.filter(tag__in=CustomerTag.objects.filter(customer=first).values("tag"))


def _unfinished(rows: Rows) -> Rows:
    return rows.filter(job__purged_at=None)


#: Customers that were merged into the second one before.
MERGED = Relation(Customer, None, field="merged_into")

#: What moves, or stays as the field `moves` says.
RELATIONS: list[Relation] = [
    Relation(Project, ngettext_lazy("%(count)d project", "%(count)d projects", "count"), moves=_unless_rated, anchor="projects"),
    Relation(
        Task,
        ngettext_lazy("%(count)d task", "%(count)d tasks", "count"),
        moves=_of_moving_projects,
        owner="project",
        anchor="tasks",
    ),
    Relation(Domain, ngettext_lazy("%(count)d domain", "%(count)d domains", "count"), anchor="domains"),
    Relation(Contract, ngettext_lazy("%(count)d contract", "%(count)d contracts", "count"), anchor="contracts"),
    Relation(CustomerTag, ngettext_lazy("%(count)d tag", "%(count)d tags", "count"), held=_already_given, anchor="customer-tags"),
    Relation(Note, ngettext_lazy("%(count)d team note", "%(count)d team notes", "count"), anchor="notes"),
    Relation(ImportRow, None, field="duplicate_of", moves=_unfinished),
    Relation(ImportRow, None, moves=no_rows),
    # Pairs of the second customer are hidden, and the search deletes its keys.
    Relation(CustomerPair, None, field="first", moves=no_rows),
    Relation(CustomerPair, None, field="second", moves=no_rows),
    Relation(CustomerKey, None, moves=no_rows),
    # The history of the second customer.
    Relation(MergeLog, None, field="first", moves=no_rows),
    Relation(MergeLog, None, field="second", moves=no_rows),
]


def digests(relation: Relation, keys: list[int]) -> dict[str, str]:
    """Return a digest of each row without its customer, by primary key. It shows whether the row has changed since."""
    field: Any = relation.model._meta.get_field(relation.field)
    return row_digests(relation.model, keys, without=field.column)


def row_digests(model: type[Model], keys: list[int], *, without: str) -> dict[str, str]:
    """Return a digest of each row without one column, by primary key."""
    meta: Any = model._meta
    query = sql.SQL("SELECT {key}, md5((to_jsonb(rows) - %s)::text) FROM {table} AS rows WHERE {key} = ANY(%s)")
    with connection.cursor() as cursor:
        cursor.execute(query.format(key=sql.Identifier(meta.pk.column), table=sql.Identifier(meta.db_table)), [without, keys])
        return {str(key): digest for key, digest in cursor.fetchall()}
