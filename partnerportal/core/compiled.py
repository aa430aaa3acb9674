"""Queries that Django compiles once per process and that later calls only fill with values.

Building and compiling a query often takes longer than its execution. A function that returns a queryset
becomes one that returns a list of its rows:

    @compiled
    def memberships_of(*, user: Any) -> QuerySet[Membership]:
        return Membership.objects.filter(user=user)

    memberships_of(user=request.user.pk)

Keyword arguments are values. The function receives placeholders for them, which are expressions. A tuple is compared
with the lookup `any`. The function must not
depend on anything else that changes, such as the time or the language. Positional arguments select
one of a few queries, each of which is compiled. docs/decisions/0023-compiled-queries.md lists the parts of
Django that this relies on. `COMPILED_QUERIES=0` runs the plain querysets.

PostgreSQL, too, prepares and plans the query once per connection, unless the decorator is `planned`.
"""

import re
from collections.abc import Callable, Collection
from datetime import date, datetime
from functools import lru_cache, update_wrapper
from typing import Any, ClassVar, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Expression, Field, ForeignKey, Lookup, Model, QuerySet
from psycopg import Cursor

R = TypeVar("R")

#: Maximum number of compiled queries of each function.
MAX_STATEMENTS = 256
#: Usual types of values.
_SINGLE = {int, str, bool, date, datetime, tuple}


class Parameter(Expression):
    """Placeholder of a value. Its SQL has itself as the parameter, which `_Statement` replaces."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


@ForeignKey.register_lookup
@Field.register_lookup
class AnyOf(Lookup):
    """`field__any=values`, like `in`, but with the same SQL for any number of values."""

    lookup_name = "any"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        (left, params), placeholder = self.process_lhs(compiler, connection), self.rhs
        return f"{left} = ANY(%s)", (*params, placeholder if isinstance(placeholder, Parameter) else list(placeholder))


class _Statement:
    """A queryset and its SQL, which is empty if no row can match."""

    def __init__(self, rows: QuerySet[Any], *, is_prepared: bool) -> None:
        self._rows = rows
        self._is_prepared = is_prepared
        self._compiler = rows.query.get_compiler(rows.db)
        try:
            sql, self._parameters = self._compiler.as_sql()
        except EmptyResultSet:
            sql, self._parameters = "", ()
        self._sql = _with_constants(sql, self._parameters, self._compiler.connection)
        self._names = [param.name for param in self._parameters if isinstance(param, Parameter)]
        self._converters: Any = None

    def rows(self, values: dict[str, Any]) -> list[Any]:
        if not self._sql:
            return []
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        filled = self._sql, tuple([values[name] for name in self._names])
        # Connections belong to a thread.
        connection = connections[self._rows.db]
        if not self._is_prepared:
            return self._read(filled, connection)
        try:
            return self._read(filled, _Preparing(connection))
        except NotSupportedError:
            # A migration changed the type of a column after the query was prepared. A new connection prepares it again.
            if connection.in_atomic_block:
                raise
            connection.close()
            return self._read(filled, _Preparing(connection))

    def _read(self, filled: tuple[str, tuple[Any, ...]], connection: Any) -> list[Any]:
        compiler = _shallow_copy(self._compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *args, **kwargs: filled
        compiler.get_converters = self._get_converters
        rows, query = _shallow_copy(self._rows), _shallow_copy(self._rows.query)
        query.get_compiler = lambda *args, **kwargs: compiler
        rows._query = query
        return list(rows)

    def _get_converters(self, expressions: Any) -> Any:
        """Return what converts the columns of the result, which Django would find out again for each execution."""
        if self._converters is None:
            self._converters = self._compiler.get_converters(expressions)
        return self._converters


class _Preparing:
    """A database connection whose cursors prepare each query on its first execution."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self) -> Any:
        cursor = self._connection.cursor()
        # Django's cursor puts the values into the SQL. This one sends them separately, so that the SQL stays the same.
        cursor.cursor = _PreparedCursor(self._connection.connection)
        return cursor


class _PreparedCursor(ServerBindingCursor, Cursor[Any]):
    """A cursor that prepares its queries. Connections with a threshold would keep the text and values of all other queries, too."""

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        self.connection.prepare_threshold = 0
        try:
            return super().execute(*args, **kwargs)
        finally:
            self.connection.prepare_threshold = None

    def _send_query_prepared(self, name: bytes, pgq: Any, **kwargs: Any) -> None:
        # Django reports this query, for example in `connection.queries`. psycopg sets it only for unprepared ones.
        self._query = pgq
        super()._send_query_prepared(name, pgq, **kwargs)


def _with_constants(sql: str, parameters: Any, connection: Any) -> str:
    """Return the SQL with its constants, which needn't be quoted for each execution, and placeholders of the other parameters."""
    # Nothing but its placeholders and “%%” contains a percent sign.
    parts = re.split("(%s|%%)", sql)
    remaining = iter(parameters)
    for number, part in enumerate(parts):
        if part == "%s" and not isinstance(value := next(remaining), Parameter):
            parts[number] = connection.ops.compose_sql("%s", [value]).replace("%", "%%")
    return "".join(parts)


def _shallow_copy(original: Any) -> Any:
    """Return a copy with the same attributes. Django's own copies of querysets also copy their parts."""
    copied = object.__new__(type(original))
    vars(copied).update(vars(original))
    return copied


class compiled(Generic[R]):  # noqa: N801  # a decorator
    """Decorator of a function that returns a queryset; see the module."""

    #: All decorated functions.
    registry: ClassVar[list["compiled[Any]"]] = []
    #: Whether PostgreSQL plans the query once per connection.
    is_prepared: ClassVar[bool] = True

    def __init__(self, build: Callable[..., QuerySet[Any, R]]) -> None:
        update_wrapper(self, build)
        self.build = build
        self._statement = lru_cache(MAX_STATEMENTS)(self._compile)
        self.registry.append(self)

    def __call__(self, *choice: Any, **values: Any) -> list[R]:
        """Return the rows.

        Raises:
            TypeError: A value isn't a single one, which the SQL would compare differently.
        """
        for name, value in values.items():
            if type(value) in _SINGLE:
                continue
            # Strings are collections, too.
            is_single = isinstance(value, str | tuple) or not isinstance(value, Collection | Model | type(None))
            if not is_single or hasattr(value, "resolve_expression"):
                raise TypeError(f"{name} must be a single value or a tuple, not {value!r}")
        if not settings.COMPILED_QUERIES:
            return list(self.build(*choice, **values))
        return self._statement(tuple(sorted(values)), *choice).rows(values)

    def _compile(self, names: tuple[str, ...], *choice: Any) -> _Statement:
        rows = self.build(*choice, **{name: Parameter(name) for name in names})
        return _Statement(rows, is_prepared=self.is_prepared and settings.PREPARED_QUERIES)


class planned(compiled[R]):  # noqa: N801  # a decorator
    """Like `compiled`, but PostgreSQL plans each execution.

    For queries whose best plan depends on their values, such as the number of an agency's rows that match a filter.
    """

    is_prepared = False
