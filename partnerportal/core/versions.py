"""Merging of concurrent edits in forms.

A form contains digests of the values it displayed. On submission, fields that the user didn't change
keep their stored value. Fields changed both by the user and elsewhere are conflicts: the form is
displayed again with both values.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerportal.core.forms import WordedForm

#: Maximum length of the field `shown`, in characters.
_MAX_SHOWN = 65_536


class EditConflict(Exception):
    """Raised when the object changed since the user opened the form. `saved` is the stored object."""

    def __init__(self, saved: Any) -> None:
        super().__init__(saved.pk)
        self.saved = saved


class EditForm(WordedForm):
    """Mixin for forms that edit stored objects. `changed_here` contains the names of the fields to save.

    The hidden field `shown` contains digests of the displayed values. It isn't signed, because users
    who can submit the form can overwrite every field anyway.
    """

    #: Error message of the form if there are conflicts.
    conflict_text: Any = gettext_lazy("Someone else changed the same fields in the meantime. The saved values are shown below the fields.")
    #: What the user can do about conflicts.
    conflict_advice: Any = gettext_lazy("Select Save again to keep your version.")
    #: Other attributes of `instance` whose changes are conflicts.
    watched: Sequence[str] = ()
    #: Names of fields that aren't merged.
    never_merged: Sequence[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        instance: Any = getattr(self, "instance", None)
        self.is_edit = instance is None or instance.pk is not None
        #: Names of conflicting fields, set by validation.
        self.conflicts: list[str] = []
        #: Stored values by field name. Services compare them again after locking the row.
        self.loaded = {
            name: getattr(instance, instance._meta.get_field(name).attname)
            for name in (self._meta.fields if instance is not None else ())  # type: ignore[attr-defined]
            if not instance._meta.get_field(name).many_to_many
        }
        if self.is_edit:
            # Before cleaning, which changes the instance.
            self._watched_now = {name: _digest(str(getattr(instance, name))) for name in self.watched}
            self.fields["shown"] = forms.CharField(required=False, widget=forms.HiddenInput, initial=self._stored_now)

    @property
    def changed_here(self) -> list[str]:
        """Names of the fields whose values differ from the stored ones."""
        return [name for name in self._mergeable() if self._submitted(name) != self._stored(name)]

    def full_clean(self) -> None:
        if self.is_bound and self.is_edit:
            self.conflicts = self._merge()
        super().full_clean()
        if self.conflicts:
            self.add_error(None, f"{self.conflict_text} {self.conflict_advice}")
            for name in self.conflicts:
                if name in self.fields:
                    self.add_error(name, _("Currently saved: %(value)s") % {"value": self._display_value(name) or "–"})

    def _merge(self) -> list[str]:
        """Put the stored values into unchanged fields, and return the names of conflicting ones."""
        shown, now = self._shown(), json.loads(self._stored_now())
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        conflicts = []
        for name in self._mergeable():
            submitted, stored = self._submitted(name), self._stored(name)
            if name in shown and shown[name] == now[name]:
                continue
            if isinstance(submitted, list):
                before = shown.get(name)
                if isinstance(before, list):
                    # Choices are merged individually: the user's additions and removals are applied to the stored ones.
                    merged = (set(stored) - (set(before) - set(submitted))) | (set(submitted) - set(before))
                    data.setlist(self.add_prefix(name), sorted(merged))
                elif submitted != stored:
                    conflicts.append(name)
            elif name in shown and _digest(submitted) == shown[name]:
                self._put_stored(data, name)
            elif submitted != stored:
                conflicts.append(name)
        touched = any(self._submitted(name) != self._stored(name) for name in self._mergeable())
        conflicts += [name for name in self.watched if shown.get(name) != now[name] and touched]
        data[self.add_prefix("shown")] = self._stored_now()
        self.data = data
        return conflicts

    def _shown(self) -> dict[str, Any]:
        """Return the digests of the displayed values. Defaults to the stored values."""
        if self.add_prefix("shown") not in self.data:
            loaded: dict[str, Any] = json.loads(self._stored_now())
            return loaded
        return _parsed(self.data[self.add_prefix("shown")])

    def _stored_now(self) -> str:
        """Return the stored values in the format of the field `shown`."""
        stored = {name: self._stored(name) for name in self._mergeable()}
        return json.dumps(
            {name: value if isinstance(value, list) else _digest(value) for name, value in stored.items()} | self._watched_now,
            separators=(",", ":"),
        )

    def _mergeable(self) -> list[str]:
        return [name for name in self.fields if name != "shown" and name not in self.never_merged]

    def _stored(self, name: str) -> str | list[str]:
        return _comparable(self.fields[name], self.get_initial_for_field(self.fields[name], name))

    def _submitted(self, name: str) -> str | list[str]:
        field = self.fields[name]
        return _comparable(field, field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name)))

    def _put_stored(self, data: Any, name: str) -> None:
        """Put the stored value into `data` in the format that browsers submit."""
        field, key = self.fields[name], self.add_prefix(name)
        value = field.prepare_value(self.get_initial_for_field(field, name))
        if isinstance(field, forms.BooleanField):
            data.pop(key, None)
            if value:
                data[key] = "on"
        elif isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
            data[key] = "" if value is None else str(value)
        else:
            data[key] = field.widget.format_value(value) or ""

    def _display_value(self, name: str) -> str:
        """Return the stored value for display."""
        field = self.fields[name]
        value = self.get_initial_for_field(field, name)
        if isinstance(field, forms.BooleanField):
            return _("yes") if value else _("no")
        if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
            labels = {str(key): str(label) for key, label in _flat(field.choices)}
            chosen = value if isinstance(value, list | tuple) else [value]
            return ", ".join(labels.get(str(getattr(item, "pk", item)), "") for item in chosen if item not in (None, ""))
        if isinstance(value, date):
            return date_format(value, "DATE_FORMAT")
        return str(field.widget.format_value(field.prepare_value(value)) or "")


class VersionedForm(EditForm):
    """An `EditForm` for models with a change counter `version`, which the form contains as a hidden field."""

    never_merged: Sequence[str] = ("version",)

    def _merge(self) -> list[str]:
        conflicts = super()._merge()
        data: Any = self.data
        data[self.add_prefix("version")] = str(self.instance.version)  # type: ignore[attr-defined]
        return conflicts

    def _shown(self) -> dict[str, Any]:
        """Return no digests for an invalid version, so that every difference is a conflict."""
        stored: int = self.instance.version  # type: ignore[attr-defined]
        typed = self.data.get(self.add_prefix("version"))
        if typed is not None:
            version = int(typed) if typed.isdecimal() and len(typed) < 10 else 0
            if not 1 <= version <= stored or (version < stored and self.add_prefix("shown") not in self.data):
                return {}
        return super()._shown()


def _parsed(shown: str) -> dict[str, Any]:
    """Parse the field `shown`. Return nothing if it is invalid, so that every difference is a conflict."""
    if len(shown) > _MAX_SHOWN:
        return {}
    try:
        parsed = json.loads(shown)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) and all(map(_is_shown, parsed.values())) else {}


def _is_shown(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _comparable(field: forms.Field, value: Any) -> str | list[str]:
    """Normalize stored and submitted values for comparison. Multiple choices return a list."""
    if isinstance(field, forms.ModelMultipleChoiceField | forms.MultipleChoiceField | forms.TypedMultipleChoiceField):
        return sorted(str(getattr(item, "pk", item)) for item in value or ())
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return "" if value is None else str(getattr(value, "pk", value))
    try:
        value = field.to_python(value)
    except ValidationError:
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value.normalize(), "f")
    # Browsers submit line breaks as CR LF.
    return "" if value is None else str(value).replace("\r\n", "\n").replace("\r", "\n").strip()


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    pairs: list[tuple[Any, Any]] = []
    for key, label in choices:
        pairs += label if isinstance(label, list | tuple) else [(key, label)]
    return pairs


def _digest(value: str | list[str]) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:16]
