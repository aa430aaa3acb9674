"""Form with which two customers are compared: for each field that differs, which value stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.forms.custom_fields import form_name
from customers.forms.customers import CustomerForm
from customers.models import Customer, CustomField
from customers.services.custom_fields import with_values

#: Values of the choices.
FIRST, SECOND, BOTH = "first", "second", "both"


@dataclass(frozen=True)
class ComparedField:
    """A field of the two customers, with the texts of its values."""

    label: str | Promise
    first: str
    second: str
    #: The choice between the values; None if they are equal.
    choice: forms.BoundField | None


class MergeForm(forms.Form):
    """The values that the first of two customers keeps."""

    #: Versions of the customers that the user compares.
    first_version = forms.IntegerField(widget=forms.HiddenInput)
    second_version = forms.IntegerField(widget=forms.HiddenInput)

    #: Fields that are compared.
    FIELDS: ClassVar[tuple[str, ...]] = CustomerForm.Meta.fields

    def __init__(self, data: Any = None, *, first: Customer, second: Customer, custom_fields: Sequence[CustomField] = ()) -> None:
        super().__init__(data)
        self.first, self.second, self.custom_fields = first, second, custom_fields
        self.fields["first_version"].initial, self.fields["second_version"].initial = first.version, second.version
        for name in self.FIELDS:
            values = getattr(first, name), getattr(second, name)
            if values[0] != values[1]:
                label: Any = Customer._meta.get_field(name)
                texts = _text(first, name), _text(second, name)
                self.fields[name] = _choice(label.verbose_name, *texts, both=name == "notes" and all(values))
        for field in custom_fields:
            if first.custom_values.get(field.key) != second.custom_values.get(field.key):
                self.fields[form_name(field)] = _choice(field.name, *self._custom_texts(field))

    def _custom_texts(self, field: CustomField) -> list[str]:
        values = [customer.custom_values.get(field.key) for customer in (self.first, self.second)]
        return ["" if value is None else field.display(value) for value in values]

    @property
    def compared(self) -> list[ComparedField]:
        """All fields with a value, in the order of the customer form."""
        meta: Any = Customer._meta
        rows: list[tuple[str, Any, list[str]]] = [
            *((name, meta.get_field(name).verbose_name, [_text(self.first, name), _text(self.second, name)]) for name in self.FIELDS),
            *((form_name(field), field.name, self._custom_texts(field)) for field in self.custom_fields),
        ]
        return [
            ComparedField(label, first, second, self[name] if name in self.fields else None)
            for name, label, (first, second) in rows
            if first or second
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            kept = self.values
            if len(kept.get("notes", "")) > Customer._meta.get_field("notes").max_length:  # type: ignore[operator]  # has a limit
                self.add_error("notes", _("Both notes together are too long."))
            is_company = kept.get("kind", self.first.kind) == Customer.Kind.COMPANY
            needed = "company" if is_company else "last_name"
            if not kept.get(needed, getattr(self.first, needed)):
                text = _("A company needs a company name.") if is_company else _("A person needs a last name.")
                self.add_error(needed if needed in self.fields else None, text)
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """The values of the first customer after the merge, by column."""
        values: dict[str, Any] = {}
        for name in self.FIELDS:
            chosen = self.cleaned_data.get(name, FIRST)
            column = Customer._meta.get_field(name).attname  # type: ignore[union-attr]  # no reverse relations
            if chosen == BOTH:
                values[column] = f"{self.first.notes}\n\n{self.second.notes}"
            elif chosen == SECOND:
                values[column] = getattr(self.second, column)
        chosen_fields = [field.key for field in self.custom_fields if self.cleaned_data.get(form_name(field)) == SECOND]
        if chosen_fields:
            taken = {key: self.second.custom_values.get(key) for key in chosen_fields}
            values["custom_values"] = with_values(self.first.custom_values, taken)
        return values


def _choice(label: Any, first: str, second: str, *, both: bool = False) -> forms.ChoiceField:
    """Return a choice between two values: by default the first one, unless it is empty."""
    choices: list[tuple[str, Any]] = [(FIRST, first), (SECOND, second)]
    initial = FIRST if first else SECOND
    if both:
        choices.append((BOTH, _("Both, one below the other")))
        initial = BOTH
    return forms.ChoiceField(label=label, choices=choices, initial=initial, widget=forms.RadioSelect)


def _text(customer: Any, name: str) -> str:
    display = getattr(customer, f"get_{name}_display", None)
    value = display() if display else getattr(customer, name)
    return str(value) if value is not None else ""
