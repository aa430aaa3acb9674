"""Base class of list filters, whose state is in the URL."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict


class ListFilter(forms.Form):
    """Base of list filters. Invalid values, such as those in old bookmarks, are ignored.

    `agency` and `team` (its members) limit the choices, and `user` is the signed-in member. Public
    lists have none of them.
    """

    def __init__(self, data: QueryDict, *, agency: Any = None, user: Any = None, team: Sequence[Any] = ()) -> None:
        super().__init__(data)
        self.agency, self.user, self.team = agency, user, team
        self.chosen: dict[str, Any] = {}
        self.prepare()
        self.is_valid()
        self.chosen = {name: self.cleaned_data.get(name) or field.initial for name, field in self.fields.items()}

    def prepare(self) -> None:
        """Set the choices of fields that depend on the agency."""

    @property
    def valid_query(self) -> str:
        """The query string without invalid values."""
        query = cast(QueryDict, self.data).copy()
        for name in self.errors:
            query.pop(name, None)
        return query.urlencode()

    @property
    def chips(self) -> list[forms.BoundField]:
        """The fields besides the search that are chips."""
        return [field for field in self if field.name != "q"]

    @property
    def panels(self) -> Sequence[Any]:
        """Menus with further fields; each has a label and fields."""
        return ()

    @property
    def is_set(self) -> bool:
        """Whether any field except the sort order differs from its default."""
        return any(self.chosen[name] != field.initial for name, field in self.fields.items() if name != "sort")
