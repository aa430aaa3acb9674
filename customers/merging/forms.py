"""Form with which two customers are compared: for each field that differs, which value stays."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.forms.customers import CustomerForm
from customers.models import Customer

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

    def __init__(self, data: Any = None, *, first: Customer, second: Customer) -> None:
        super().__init__(data)
        self.first, self.second = first, second
        self.fields["first_version"].initial, self.fields["second_version"].initial = first.version, second.version
        for name in self.FIELDS:
            values = getattr(first, name), getattr(second, name)
            if values[0] != values[1]:
                self.fields[name] = self._choice(name, *values)

    def _choice(self, name: str, first: Any, second: Any) -> forms.ChoiceField:
        choices: list[tuple[str, Any]] = [(FIRST, _text(self.first, name)), (SECOND, _text(self.second, name))]
        initial = FIRST if first not in ("", None) else SECOND
        if name == "notes" and first and second:
            choices.append((BOTH, _("Both, one below the other")))
            initial = BOTH
        label: Any = Customer._meta.get_field(name)
        return forms.ChoiceField(label=label.verbose_name, choices=choices, initial=initial, widget=forms.RadioSelect)

    @property
    def compared(self) -> list[ComparedField]:
        """All fields with a value, in the order of the customer form."""
        rows = []
        for name in self.FIELDS:
            field: Any = Customer._meta.get_field(name)
            first, second = _text(self.first, name), _text(self.second, name)
            if first or second:
                rows.append(ComparedField(field.verbose_name, first, second, self[name] if name in self.fields else None))
        return rows

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
        values = {}
        for name in self.FIELDS:
            chosen = self.cleaned_data.get(name, FIRST)
            column = Customer._meta.get_field(name).attname  # type: ignore[union-attr]  # no reverse relations
            if chosen == BOTH:
                values[column] = f"{self.first.notes}\n\n{self.second.notes}"
            elif chosen == SECOND:
                values[column] = getattr(self.second, column)
        return values


def _text(customer: Any, name: str) -> str:
    display = getattr(customer, f"get_{name}_display", None)
    value = display() if display else getattr(customer, name)
    return str(value) if value is not None else ""
