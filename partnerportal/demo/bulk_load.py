"""Bulk loading with COPY, without constraints and indexes, which are recreated afterwards."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from psycopg import sql


class Table:
    """A table that is loaded with COPY. Columns that aren't named get their field's default."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        self.name = model._meta.db_table
        self._key = str(model._meta.pk.column)
        stored = {f.column: f for f in model._meta.concrete_fields if not f.generated}
        if unknown := set(columns) - stored.keys():
            raise ValueError(f"{self.name} has no {', '.join(sorted(unknown))}")
        others = [
            field
            for column, field in stored.items()
            if column not in columns and not isinstance(field, models.AutoField) and not field.has_db_default()
        ]
        self._defaults = tuple(field.get_default() for field in others)
        names = sql.SQL(", ").join([sql.Identifier(column) for column in (*columns, *(str(field.column) for field in others))])
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(self.name), names)
        #: Number of loaded rows.
        self.count = 0

    def load(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Copy rows whose values have the order of the columns."""
        with connection.cursor() as cursor, cursor.copy(self._copy) as copy:
            for row in rows:
                copy.write_row(row + self._defaults)
        self.count += len(rows)

    def next_key(self) -> int:
        """Return the next value of the primary key's sequence."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s))", [self.name, self._key])
            return int(cursor.fetchone()[0])

    def advance_sequence(self, key: int) -> None:
        """Let the primary key's sequence continue after `key`."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [self.name, self._key, key])


@contextmanager
def trigger_disabled(model: type[models.Model], name: str) -> Iterator[None]:
    """Disable one of the model's triggers. Requires a transaction and locks the table until its end."""
    trigger = next(trigger for trigger in model._meta.triggers if trigger.name == name)  # type: ignore[attr-defined]  # set by pgtrigger
    statement = sql.SQL("ALTER TABLE {} {} TRIGGER {}")
    names = sql.Identifier(model._meta.db_table), sql.Identifier(trigger.get_pgid(model))
    with connection.cursor() as cursor:
        cursor.execute(statement.format(names[0], sql.SQL("DISABLE"), names[1]))
        yield
        cursor.execute(statement.format(names[0], sql.SQL("ENABLE"), names[1]))


@contextmanager
def without_constraints(tables: Iterable[str], *, keep: Iterable[str]) -> Iterator[None]:
    """Drop the tables' foreign keys, unique constraints and indexes, except those in `keep`, and recreate them.

    Primary keys are kept. Requires a transaction, which fails if the rows violate a constraint, and locks the
    tables until its end.
    """
    names = list(tables)
    dropped: list[sql.Composed] = []
    restored: list[sql.Composed] = []
    with connection.cursor() as cursor:
        # Tables with pending constraint checks can't be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # Foreign keys are dropped first and recreated last because they depend on unique constraints.
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint AS own "
            "WHERE contype IN ('f', 'u') AND conrelid = ANY(%s::regclass[]) "
            # Keeps unique constraints that other tables reference.
            "AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND own.contype = 'u' "
            "                AND conindid = own.conindid AND conrelid <> ALL(%s::regclass[])) "
            "ORDER BY contype, conname",
            [names, names],
        )
        for table, name, definition in cursor.fetchall():
            dropped.append(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name)))
            add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(sql.Identifier(table), sql.Identifier(name))
            restored.append(add + sql.SQL(definition))
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = ANY(%s::regclass[]) "
            "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) AND indexrelid <> ALL(%s::regclass[])",
            [names, list(keep)],
        )
        for name, definition in cursor.fetchall():
            dropped.append(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
            restored.append(sql.Composed([sql.SQL(definition)]))
        for statement in dropped:
            cursor.execute(statement)
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for statement in reversed(restored):
            cursor.execute(statement)
