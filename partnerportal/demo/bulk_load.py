"""Loading many rows at once by COPY: foreign keys and indexes are set aside and made anew over all rows, in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from psycopg import sql

Row = tuple[Any, ...]


class Table:
    """A model's table that takes rows by COPY; the columns that aren't named get their field's default."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        self.name = model._meta.db_table
        self._key = str(model._meta.pk.column)
        stored = {f.column: f for f in model._meta.concrete_fields if not f.generated}
        if unknown := set(columns) - stored.keys():
            raise ValueError(f"{self.name} has no {', '.join(sorted(unknown))}")
        left = [
            field
            for column, field in stored.items()
            if column not in columns and not (field.primary_key and isinstance(field, models.AutoField)) and not field.has_db_default()
        ]
        self._defaults = tuple(field.get_default() for field in left)
        names = sql.SQL(", ").join([sql.Identifier(column) for column in (*columns, *(str(field.column) for field in left))])
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(self.name), names)
        #: So many rows were loaded.
        self.count = 0

    def load(self, rows: Sequence[Row]) -> None:
        """Copy these rows; values in the order of the columns."""
        if not rows:
            return
        defaults = self._defaults
        with connection.cursor() as cursor, cursor.copy(self._copy) as copy:
            for row in rows:
                copy.write_row(row + defaults)
        self.count += len(rows)

    def next_key(self) -> int:
        """The key that the next row would get."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s))", [self.name, self._key])
            return int(cursor.fetchone()[0])

    def go_on_after(self, key: int) -> None:
        """Keys up to this one were given out."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [self.name, self._key, key])


@contextmanager
def without_trigger(model: type[models.Model], name: str) -> Iterator[None]:
    """While rows are loaded, one of the model's triggers keeps still. In a transaction; others wait meanwhile."""
    trigger = next(trigger for trigger in model._meta.triggers if trigger.name == name)  # type: ignore[attr-defined]  # pgtrigger's
    statement = sql.SQL("ALTER TABLE {} {} TRIGGER {}")
    names = sql.Identifier(model._meta.db_table), sql.Identifier(trigger.get_pgid(model))
    with connection.cursor() as cursor:
        cursor.execute(statement.format(names[0], sql.SQL("DISABLE"), names[1]))
        yield
        cursor.execute(statement.format(names[0], sql.SQL("ENABLE"), names[1]))


@contextmanager
def without_constraints(tables: Iterable[str], *, keep: Iterable[str]) -> Iterator[None]:
    """While rows are loaded into these tables: no foreign keys, unique constraints and indexes, but primary keys and those in `keep`.

    To be used in a transaction: afterwards PostgreSQL makes them anew, and refuses everything if they don't hold. Others wait meanwhile.
    """
    names = list(tables)
    dropped: list[sql.Composed] = []
    restored: list[sql.Composed] = []
    with connection.cursor() as cursor:
        # Nothing may be left to check, or the tables can't be changed.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # Foreign keys go first and come last: they lean on the unique ones.
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint AS own "
            "WHERE contype IN ('f', 'u') AND conrelid = ANY(%s::regclass[]) "
            # Unless another table leans on it.
            "AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND own.contype = 'u' "
            "                AND conindid = own.conindid AND conrelid <> ALL(%s::regclass[])) "
            "ORDER BY contype, conname",
            [names, names],
        )
        constraints = cursor.fetchall()
        for table, name, definition in constraints:
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
