"""Forms of the bulk actions that need input, by the action's key."""

from datetime import date
from typing import Any

from crispy_forms.layout import Column, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from customers.bulk.actions import Values
from customers.models import Customer, CustomerTag, Task
from customers.services.submissions import is_form_number, new_form_number
from partnerportal.agencies.models import Agency
from partnerportal.core.forms import WordedForm, form_helper


class BulkForm(WordedForm, forms.ModelForm):
    """Base of the forms, and the form of an action without input. One form starts one action."""

    form_number = forms.CharField(widget=forms.HiddenInput, required=False, initial=new_form_number)
    layout: tuple[Any, ...] = ()

    class Meta:
        model = Customer
        fields: tuple[str, ...] = ()

    def __init__(self, data: Any, *, agency: Agency, cancel: str) -> None:
        super().__init__(data)
        for name in ("responsible", "assignee"):
            if name in self.fields:
                self.fields[name].queryset = agency.members.order_by("full_name", "email")  # type: ignore[attr-defined]
        self.helper = form_helper(*self.layout, submit=_("Continue"), cancel=cancel)

    def clean_form_number(self) -> str:
        """Return the number, or a new one if the form has been open for too long."""
        number = str(self.cleaned_data["form_number"])
        return number if is_form_number(number) else new_form_number()

    @property
    def inputs(self) -> list[Any]:
        """The fields that the member fills in."""
        return self.visible_fields()

    @property
    def values(self) -> Values:
        """The valid input, as JSON."""
        values = {name: self.cleaned_data[name] for name in self.fields if name != "form_number"}
        return {name: value.isoformat() if isinstance(value, date) else getattr(value, "pk", value) for name, value in values.items()}

    @property
    def summary(self) -> list[tuple[Any, Any]]:
        """The labels and texts of the valid input that isn't empty."""
        rows = []
        for field in self.inputs:
            value = self.cleaned_data[field.name]
            choices = {str(key): label for key, label in getattr(field.field, "choices", ())}
            text = choices.get(str(getattr(value, "pk", value) if value is not None else ""), value)
            if text not in (None, ""):
                rows.append((field.label, text))
        return rows


class ManagerForm(BulkForm):
    empty_labels = {"responsible": _("Unassigned")}
    layout = ("responsible",)

    class Meta:
        model = Customer
        fields = ("responsible",)


class TagForm(BulkForm):
    layout = ("tag",)

    class Meta:
        model = CustomerTag
        fields = ("tag",)

    def __init__(self, data: Any, *, agency: Agency, cancel: str) -> None:
        super().__init__(data, agency=agency, cancel=cancel)
        tags = agency.tags.order_by("name")
        self.fields["tag"].queryset = tags  # type: ignore[attr-defined]
        if not tags.exists():
            self.fields["tag"].help_text = _("Your agency has no tags yet. A manager can create them.")


class TaskForm(BulkForm):
    empty_labels = {"assignee": _("Unassigned")}
    layout = ("title", Row(Column("due_on"), Column("assignee"), Column("priority")))

    class Meta:
        model = Task
        fields = ("title", "due_on", "assignee", "priority")
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}


#: Forms by the key of the action.
FORMS: dict[str, type[BulkForm]] = {"add_tag": TagForm, "remove_tag": TagForm, "manager": ManagerForm, "task": TaskForm}
