"""Database constraints that Django lacks."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class SameParent(models.BaseConstraint):
    """Requires that the row referenced by `field` has the same `parent` as this row, such as the same agency.

    Creates a foreign key over both columns, so that PostgreSQL rejects references between tenants.
    The referenced model needs a `UniqueConstraint(fields=["id", parent])`. NULL is always accepted.
    """

    def __init__(self, *, field: str, parent: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field
        self.parent = parent

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None and schema_editor is not None  # noqa: S101  # Django always passes both
        quote = schema_editor.quote_name
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
        """Do nothing: forms limit their choices to the agency, and the database enforces the constraint."""

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field, "parent": self.parent}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameParent) and self.deconstruct() == other.deconstruct()
