"""Forms for the items of a customer, whose choices are limited to the customer and the agency."""

from typing import Any

from crispy_forms.layout import Column, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from customers.domain_names import to_ascii
from customers.forms.submissions import AddOnceForm
from customers.models import Contact, Contract, Customer, Domain, Note, Project, Task
from customers.models.items import MAX_TERM
from partnerportal.core.forms import form_helper
from partnerportal.core.money import PriceField, typed_currency
from partnerportal.core.versions import EditForm


def _date(**attrs: str) -> forms.DateInput:
    """Return the browser's date picker, which requires ISO dates."""
    return forms.DateInput(attrs={"type": "date", **attrs}, format="%Y-%m-%d")


class ItemForm(EditForm, AddOnceForm, forms.ModelForm):
    #: Crispy layout of the fields.
    layout: tuple[Any, ...] = ()

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        self.helper = form_helper(*self.layout, submit=_("Save"), cancel=customer.get_absolute_url())


class ProjectForm(ItemForm):
    layout = ("title", "description", Row(Column("status"), Column("due_on")), "is_shared")

    class Meta:
        model = Project
        fields = ("title", "description", "status", "due_on", "is_shared")
        widgets = {"description": forms.Textarea(attrs={"rows": 4}), "due_on": _date()}


class TaskForm(ItemForm):
    layout = ("title", Row(Column("due_on"), Column("assignee")), Row(Column("priority"), Column("project")), "is_shared")
    empty_labels = {"assignee": _("Unassigned"), "project": _("No project")}

    class Meta:
        model = Task
        fields = ("title", "due_on", "assignee", "priority", "project", "is_shared")
        widgets = {"due_on": _date()}
        help_texts = {"is_shared": _("Clients see it as a step of the project if that is shared, too.")}

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, customer=customer, **kwargs)
        self.fields["assignee"].queryset = customer.agency.members.order_by("full_name", "email")  # type: ignore[attr-defined]
        self.fields["project"].queryset = customer.projects.order_by("-pk")  # type: ignore[attr-defined]


class DomainForm(ItemForm):
    layout = ("name", Row(Column("registrar"), Column("expires_on")), "auto_renew", "notify_customer")

    class Meta:
        model = Domain
        fields = ("name", "registrar", "expires_on", "auto_renew", "notify_customer")
        widgets = {
            "name": forms.TextInput(attrs={"placeholder": "example.com", "autocapitalize": "off", "spellcheck": "false"}),
            "expires_on": _date(),
        }

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, customer=customer, **kwargs)
        if self.instance.pk:
            self.initial["name"] = self.instance.unicode_name

    def clean_name(self) -> str:
        """Return the A-label form.

        Raises:
            ValidationError: The agency already has this domain.
        """
        name = to_ascii(self.cleaned_data["name"])
        existing = self.customer.agency.domains.filter(name=name).exclude(pk=self.instance.pk).select_related("customer").first()
        if existing and not self.has_added(existing):
            raise forms.ValidationError(
                _("This domain is already assigned to %(customer)s."), "unique", {"customer": existing.customer.numbered_name}
            )
        return name


class ContractForm(ItemForm):
    layout = (
        Row(Column("number"), Column("product")),
        Row(Column("price"), Column("currency"), Column("interval")),
        Row(Column("starts_on"), Column("ends_on"), Column("term_months")),
        Row(Column("notice_count"), Column("notice_unit"), Column("status")),
        "notify_customer",
        "is_shared",
    )

    class Meta:
        model = Contract
        fields = (
            "number",
            "product",
            "price",
            "currency",
            "interval",
            "starts_on",
            "ends_on",
            "term_months",
            "notice_count",
            "notice_unit",
            "status",
            "notify_customer",
            "is_shared",
        )
        field_classes = {"price": PriceField}
        widgets = {"starts_on": _date(), "ends_on": _date()}

    notice_count = forms.IntegerField(label=_("Notice period"), min_value=0, max_value=999, initial=0)
    # An empty field means the usual term, as in forms that were opened before the field existed.
    term_months = forms.IntegerField(
        label=_("Renews by (months)"),
        min_value=1,
        max_value=MAX_TERM,
        initial=12,
        required=False,
        help_text=_("How far “Renew” moves the end date."),
    )

    def clean_term_months(self) -> int:
        """Return the number of months, by default a year."""
        return self.cleaned_data["term_months"] or 12

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = cleaned.get("currency")
        typed = typed_currency(str(self["price"].data or "")) if cleaned.get("price") is not None else ""
        if typed and chosen and typed != chosen:
            text = _("You entered %(typed)s, but the selected currency is %(chosen)s. Change one of them.")
            self.add_error("price", forms.ValidationError(text, "other_currency", {"typed": typed, "chosen": chosen}))
        return cleaned


class ContactForm(ItemForm):
    layout = (
        Row(Column("salutation", css_class="col-sm-4"), Column("first_name"), Column("last_name")),
        Row(Column("email"), Column("phone")),
        Row(Column("role"), Column("language")),
    )

    class Meta:
        model = Contact
        fields = ("salutation", "first_name", "last_name", "role", "email", "phone", "language")
        widgets = {
            "email": forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        }

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, customer=customer, **kwargs)
        if self.is_add:
            self.initial.setdefault("language", customer.language)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        names = ("first_name", "last_name", "email", "phone")
        is_empty = not any(cleaned.get(name) or name in self.errors for name in names)
        if is_empty and not self.instance.is_primary:
            self.add_error("last_name", _("Enter a name, an e-mail address or a phone number."))
        return cleaned


class NoteForm(ItemForm):
    layout = ("text",)

    class Meta:
        model = Note
        fields = ("text",)
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}
