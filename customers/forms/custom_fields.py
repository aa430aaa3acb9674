"""Form fields for the values of custom fields, and the forms of custom fields themselves."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Fieldset
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.imports.columns import EXPORT_HEADINGS, REASON_COLUMN
from customers.models import CustomField
from customers.models.custom_fields import MAX_CHOICES, MAX_LENGTH, FieldKind
from partnerportal.core.forms import WordedForm, form_helper

#: Beginning of the names of custom fields in forms and addresses.
FIELD_PREFIX = "field_"
#: Number of empty inputs for new choices.
_NEW_CHOICES = 3
_WIDGETS: dict[str, Any] = {
    FieldKind.TEXT: lambda: forms.TextInput(attrs={"maxlength": MAX_LENGTH["text"]}),
    FieldKind.NUMBER: lambda: forms.TextInput(attrs={"inputmode": "decimal"}),
    FieldKind.DATE: lambda: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    FieldKind.LINK: lambda: forms.TextInput(attrs={"inputmode": "url", "maxlength": MAX_LENGTH["link"]}),
}


class ValueField(forms.CharField):
    """A value of a custom field. Its cleaned value is the one to store, or None."""

    def __init__(self, field: CustomField, **kwargs: Any) -> None:
        self._field = field
        super().__init__(**{"label": field.name, "required": False, "widget": _WIDGETS[field.kind](), **kwargs})

    def clean(self, value: Any) -> Any:
        return self._field.parse(str(self.to_python(value)))


class ChoiceValueField(forms.ChoiceField):
    """The choice of a custom field. Its cleaned value is the key to store, or None."""

    def __init__(self, field: CustomField) -> None:
        super().__init__(label=field.name, required=False, choices=[("", gettext_lazy("Not specified")), *field.choices])

    def clean(self, value: Any) -> Any:
        return super().clean(value) or None


def form_name(field: CustomField) -> str:
    """Return the name of a custom field in forms and addresses."""
    return FIELD_PREFIX + field.key


def value_field(field: CustomField) -> forms.Field:
    """Return the form field for a value."""
    return ChoiceValueField(field) if field.kind == FieldKind.CHOICE else ValueField(field)


class FieldForm(WordedForm, forms.ModelForm):
    """A new custom field, or the name and the choices of one."""

    required_messages = {"name": gettext_lazy("Enter a name.")}

    class Meta:
        model = CustomField
        fields = ("name", "kind")
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}

    choices = forms.CharField(
        label=gettext_lazy("Choices"),
        required=False,
        max_length=MAX_CHOICES * (MAX_LENGTH["choice"] + 2),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("One in each line. Only for fields of the kind “Choice”."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance.pk is None
        self._keys: list[str] = []
        if self.is_new:
            return
        del self.fields["kind"], self.fields["choices"]
        if self.instance.kind == FieldKind.CHOICE:
            for key, label in [*self.instance.choices, *((f"new{number}", "") for number in range(_NEW_CHOICES))]:
                number = len(self._keys) + 1
                name = f"choice_{key}"
                self.fields[name] = forms.CharField(
                    label=_("Choice %(number)d") % {"number": number}, required=False, max_length=MAX_LENGTH["choice"], initial=label
                )
                self._keys.append(key)

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if name.casefold() in {*EXPORT_HEADINGS, REASON_COLUMN, "tags"}:
            raise ValidationError(_("Exports already have a column with this name. Choose another one."), "reserved")
        return name

    @property
    def new_choices(self) -> list[str]:
        """The labels of a new field."""
        labels = [" ".join(line.split()) for line in self.cleaned_data.get("choices", "").splitlines()]
        return [label for label in labels if label]

    @property
    def choice_pairs(self) -> list[tuple[str, str]]:
        """The keys (empty for new ones) and labels of an existing field."""
        pairs = [(key, " ".join(self.cleaned_data.get(f"choice_{key}", "").split())) for key in self._keys]
        return [("" if key.startswith("new") else key, label) for key, label in pairs if label]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("kind") if self.is_new else self.instance.kind
        if kind != FieldKind.CHOICE:
            return cleaned
        labels = self.new_choices if self.is_new else [label for _key, label in self.choice_pairs]
        where = "choices" if self.is_new else f"choice_{self._keys[0]}"
        if not labels:
            self.add_error(where, _("Enter at least one choice."))
        elif len(labels) > MAX_CHOICES:
            self.add_error(where, _("A field can have %(limit)d choices.") % {"limit": MAX_CHOICES})
        elif any(len(label) > MAX_LENGTH["choice"] for label in labels):
            self.add_error(where, _("A choice can have %(limit)d characters.") % {"limit": MAX_LENGTH["choice"]})
        elif len({label.casefold() for label in labels}) < len(labels):
            self.add_error(where, _("Two choices are equal."))
        return cleaned

    @property
    def helper(self) -> FormHelper:
        choices = [Field(f"choice_{key}", autocomplete="off") for key in self._keys]
        return form_helper(
            "name",
            *(["kind", "choices"] if self.is_new else []),
            *([Fieldset(_("Choices"), *choices)] if choices else []),
            submit=_("Add field") if self.is_new else _("Save"),
            cancel=reverse("customers:fields"),
        )
