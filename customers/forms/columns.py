"""Columns of the customers list. The address names them; without them, the list shows the usual ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.forms.custom_fields import form_name
from customers.models import CustomField
from customers.queries.definitions import Definitions

#: Optional columns in their order; custom fields come before the last one.
COLUMNS: dict[str, str | Promise] = {
    "tags": _("Tags"),
    "city": _("City"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "website": _("Website"),
    "responsible": _("Account manager"),
    "created": _("Created"),
    "work": _("To do"),
}
#: Columns of a list whose address names none.
USUAL = ("tags", "city", "email", "phone", "work")
#: Names of the address for a list without optional columns.
ALWAYS = "name"


@dataclass(frozen=True)
class Columns:
    """The columns that a list shows."""

    #: Names of the optional columns, including those of custom fields.
    names: tuple[str, ...]
    fields: tuple[CustomField, ...]
    #: Names and labels of all optional columns.
    offered: tuple[tuple[str, Any], ...]

    @cached_property
    def extra(self) -> list[tuple[str, Any]]:
        """Names and labels of the columns between phone and open work."""
        return [(name, label) for name, label in self.offered if name in self.names and name not in USUAL]


def offered_columns(definitions: Definitions) -> list[tuple[str, Any]]:
    """Return the names and labels of the optional columns."""
    known = [(name, label) for name, label in COLUMNS.items() if name != "tags" or definitions.tags]
    return [*known[:-1], *((form_name(field), field.name) for field in definitions.fields), known[-1]]


def shown_columns(definitions: Definitions, chosen: Iterable[str] | None) -> Columns:
    """Return the columns for the names in the address."""
    offered = offered_columns(definitions)
    wanted: Sequence[str] = USUAL if chosen is None else list(chosen)
    names = tuple(name for name, _label in offered if name in wanted)
    return Columns(names, tuple(field for field in definitions.fields if form_name(field) in names), tuple(offered))
