"""Filters of the customers list by what the agency defined: tags and custom fields."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.forms.custom_fields import ValueField, form_name
from customers.models import CustomField
from customers.models.custom_fields import FieldKind
from customers.queries.definitions import Definitions

TAG_MODES = (("any", _("Any of them")), ("all", _("All of them")), ("none", _("None of them")))
_LINK_CHOICES = (("", _("All")), ("yes", _("Has one")), ("no", _("Has none")))
#: Endings of the names of the two fields of a range, with the lookup of each.
RANGE = {"_from": "gte", "_to": "lte"}


@dataclass(frozen=True)
class Panel:
    """Filters that a menu contains."""

    label: str | Promise
    fields: tuple[forms.BoundField, ...]


class BoundText(ValueField):
    """A limit of a range. Its cleaned value is the text, because 0 is a limit, too."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # Style sheets recognize an empty input by its placeholder.
        return {**super().widget_attrs(widget), "placeholder": " "}

    def clean(self, value: Any) -> Any:
        text = str(self.to_python(value))
        super().clean(text)
        return text


def definition_fields(definitions: Definitions) -> dict[str, forms.Field]:
    """Return the form fields of the filters by name."""
    fields: dict[str, forms.Field] = {}
    if definitions.tags:
        choices = [(str(tag.pk), tag.name) for tag in definitions.tags]
        fields["match"] = forms.ChoiceField(label=_("Customers with"), choices=TAG_MODES, required=False, initial="any")
        fields["tags"] = forms.MultipleChoiceField(label=_("Tags"), choices=choices, required=False, widget=forms.CheckboxSelectMultiple)
    for field in definitions.fields:
        fields |= _fields_of(field)
    return fields


def _fields_of(field: CustomField) -> dict[str, forms.Field]:
    name = form_name(field)
    options: dict[str, Any] = {"label": field.name, "required": False}
    if field.kind == FieldKind.TEXT:
        return {name: forms.CharField(**options, max_length=100, widget=forms.TextInput(attrs={"placeholder": _("contains…")}))}
    if field.kind == FieldKind.LINK:
        return {name: forms.ChoiceField(**options, choices=_LINK_CHOICES)}
    if field.kind == FieldKind.CHOICE:
        return {name: forms.ChoiceField(**options, choices=[("", _("All")), *field.choices])}
    labels = {"_from": _("from (inclusive)"), "_to": _("up to (inclusive)")}
    return {name + end: BoundText(field, label=f"{field.name} {label}") for end, label in labels.items()}


def panels(form: Any, definitions: Definitions) -> list[Panel]:
    """Return the menus of the filters."""
    found = [Panel(_("Tags"), (form["match"], form["tags"]))] if definitions.tags else []
    names = [name for field in definitions.fields for name in _fields_of(field)]
    return [*found, Panel(_("Fields"), tuple(form[name] for name in names))] if names else found


def chosen_tags(chosen: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the arguments of `narrowed` for the chosen tags."""
    keys = chosen.get("tags") or []
    if not keys:
        return (), {}
    return (f"tags_{chosen['match']}",), {f"tag_{number}": int(key) for number, key in enumerate(keys)}


def value_conditions(chosen: dict[str, Any], definitions: Definitions) -> Q:
    """Return the condition for the chosen values of custom fields; empty if there are none."""
    condition = Q()
    for field in definitions.fields:
        path, name = f"custom_values__{field.key}", form_name(field)
        value = chosen.get(name)
        if field.kind == FieldKind.CHOICE and value:
            condition &= Q(custom_values__contains={field.key: value})
        elif field.kind == FieldKind.TEXT and value:
            condition &= Q(**{f"{path}__icontains": value})
        elif field.kind == FieldKind.LINK and value:
            has_one = Q(custom_values__has_key=field.key)
            condition &= has_one if value == "yes" else ~has_one
        for end, lookup in RANGE.items():
            if limit := chosen.get(name + end):
                condition &= Q(**{f"{path}__{lookup}": field.parse(limit)})
    return condition
