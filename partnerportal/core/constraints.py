"""Constraints that Django doesn't bring."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class SameParent(models.BaseConstraint):
    """The row that `field` points to has the same `parent` as this row: a customer of the same agency, say.

    A foreign key over both columns, so that PostgreSQL itself refuses to mix two tenants. The other model needs a
    `UniqueConstraint(fields=["id", parent])`. Without a value in `field` there is nothing to compare.
    """

    def __init__(self, *, field: str, parent: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field
        self.parent = parent

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None and schema_editor is not None  # noqa: S101  # Django always passes both
        quote = schema_editor.quote_name
        # Any: a field that isn't a foreign key has no related model, and that is for the migration to fail on.
        field: Any = model._meta.get_field(self.field)
        parent: Any = model._meta.get_field(self.parent)
        target = field.related_model._meta
        columns = f"{quote(field.column)}, {quote(parent.column)}"
        target_columns = f"{quote(target.pk.column)}, {quote(target.get_field(self.parent).column)}"
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({columns}) "
            f"REFERENCES {quote(target.db_table)} ({target_columns}) DEFERRABLE INITIALLY DEFERRED"
        )

    def create_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None and schema_editor is not None  # noqa: S101
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None and schema_editor is not None  # noqa: S101
        table, name = schema_editor.quote_name(model._meta.db_table), schema_editor.quote_name(self.name)
        return f"ALTER TABLE {table} DROP CONSTRAINT {name}"

    def validate(self, model: type[models.Model], instance: models.Model, exclude: Any = None, using: str = DEFAULT_DB_ALIAS) -> None:
        """Nothing to add: forms narrow their choices to the agency already, the database has the last word."""

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field, "parent": self.parent}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SameParent):
            return NotImplemented
        return (self.name, self.field, self.parent) == (other.name, other.field, other.parent)

    def __hash__(self) -> int:
        return hash((self.name, self.field, self.parent))
