"""Forms for customers and what is assigned to them."""

from typing import Any

from crispy_forms.layout import Column, Fieldset, Row
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Project
from partnerportal.agencies.models import Agency
from partnerportal.forms import form_helper


class CustomerForm(forms.ModelForm):
    """Everything that is typed about a customer."""

    class Meta:
        model = Customer
        fields = (
            "kind", "company", "salutation", "first_name", "last_name",
            "email", "phone", "website",
            "street", "zip", "city", "country",
            "language", "notes",
        )  # fmt: skip
        widgets = {
            "email": forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
            "notes": forms.Textarea(attrs={"rows": 4}),
        }

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial.setdefault("language", agency.language)
        cancel = self.instance.get_absolute_url() if self.instance.pk else reverse("customers:list")
        self.helper = form_helper(
            Fieldset(
                _("Personal"),
                Row(Column("kind", css_class="col-sm-4"), Column("company", css_class="col-sm-8")),
                Row(Column("salutation", css_class="col-sm-2"), Column("first_name"), Column("last_name")),
            ),
            Fieldset(_("Contact"), Row(Column("email"), Column("phone")), "website"),
            Fieldset(
                _("Address"),
                "street",
                Row(Column("zip", css_class="col-sm-3"), Column("city"), Column("country")),
            ),
            Fieldset(_("Other"), Row(Column("language", css_class="col-sm-4")), "notes"),
            submit=_("Save"),
            cancel=cancel,
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        if kind == Customer.Kind.PERSON and not cleaned.get("last_name") and "last_name" not in self.errors:
            self.add_error("last_name", _("Please give the person's last name."))
        if kind == Customer.Kind.COMPANY and not cleaned.get("company") and "company" not in self.errors:
            self.add_error("company", _("Please give the company's name."))
        return cleaned


class ProjectForm(forms.ModelForm):
    """A project of one customer."""

    class Meta:
        model = Project
        fields = ("title", "description", "status", "due_on")
        widgets = {
            "description": forms.Textarea(attrs={"rows": 4}),
            "due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(
            "title",
            "description",
            Row(Column("status"), Column("due_on")),
            submit=_("Save"),
            cancel=customer.get_absolute_url(),
        )
