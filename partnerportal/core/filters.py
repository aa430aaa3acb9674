"""Base class of list filters, whose state is in the URL."""

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlencode

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
        declared = {name: _choices(field) for name, field in self.fields.items()}
        self.prepare()
        self._prepared = [name for name, field in self.fields.items() if name not in declared or _choices(field) is not declared[name]]
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
    def normalized_query(self) -> str:
        """The query string of the valid values that differ from their defaults, in the order of the fields."""
        data, pairs = cast(QueryDict, self.data), []
        for name, field in self.fields.items():
            if name in self.errors or self.chosen[name] == field.initial:
                continue
            values = [value.strip() for value in data.getlist(name)]
            # Django reads the last value of fields with only one.
            is_single = isinstance(self.chosen[name], str | int)
            pairs += [(name, value) for value in (values[-1:] if is_single else values) if value]
        return urlencode(pairs)

    @property
    def is_set(self) -> bool:
        """Whether any field except the sort order differs from its default."""
        return any(self.chosen[name] != field.initial for name, field in self.fields.items() if name != "sort")

    @property
    def fixed_key(self) -> tuple[Any, ...]:
        """What the rendered fields other than the search depend on, for `{% fixed %}`: their input, and what `prepare` changed."""
        data = cast(QueryDict, self.data)
        given = tuple((name, tuple(data.getlist(name))) for name in self.fields if name in data and name != "q")
        changed = ((name, self.fields[name]) for name in self._prepared)
        texts = tuple(
            (name, type(field), str(field.label), tuple((str(key), str(label)) for key, label in _choices(field) or ()))
            for name, field in changed
        )
        return (type(self), given, texts)


def _choices(field: forms.Field) -> Any:
    return getattr(field, "_choices", None)
