"""Form for adding and editing a customer."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Div, Fieldset, Hidden, Row, Submit
from django import forms
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from customers.forms.custom_fields import form_name, value_field
from customers.forms.submissions import AddOnceForm
from customers.forms.tags import TagsField
from customers.models import Customer
from customers.queries.definitions import Definitions
from customers.services.custom_fields import with_values
from partnerportal.agencies.models import Agency
from partnerportal.core import countries
from partnerportal.core.forms import form_helper
from partnerportal.core.versions import VersionedForm


class CustomerForm(VersionedForm, AddOnceForm, forms.ModelForm):
    conflict_text = _(
        "Someone else changed this customer while you were editing. Nothing is lost: the saved values are shown below your fields."
    )
    empty_labels = {"responsible": _("Unassigned")}
    # Users who edit a customer need to know that it was archived in the meantime.
    watched = ("status",)

    class Meta:
        model = Customer
        fields = (
            "kind", "company", "salutation", "first_name", "last_name",
            "email", "phone", "website",
            "street", "zip", "city", "country",
            "language", "responsible", "notes",
        )  # fmt: skip
        widgets = {
            "kind": forms.RadioSelect,
            "email": forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
            "notes": forms.Textarea(attrs={"rows": 4}),
            "country": countries.Select,
        }

    #: Version of the customer when the form was opened.
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        agency: Agency,
        definitions: Definitions | None = None,
        may_create_tags: bool = False,
        cancel: str = "",
        picker_url: str = "",
        picker_query: str = "",
        **kwargs: Any,
    ) -> None:
        """Initialize the form.

        Args:
            definitions: The agency's tags and custom fields; without them, the form has neither.
            may_create_tags: Whether names of unknown tags create these.
            cancel: Address of the cancel link.
            picker_url: Address of a page for selecting an existing customer, to which a button submits the input.
            picker_query: The search query on that page.
        """
        self._definitions, self._may_create_tags = definitions or Definitions(), may_create_tags
        super().__init__(*args, **kwargs)
        self._stored_values = dict(self.instance.custom_values)
        if definitions is not None:
            self._add_definitions(definitions)
        self.fields["responsible"].queryset = agency.members.order_by("full_name", "email")  # type: ignore[attr-defined]
        self.fields["version"].initial = self.instance.version
        if self.instance.pk is None:
            self.initial.setdefault("language", agency.language)
        self._cancel = cancel or (self.instance.get_absolute_url() if self.instance.pk else reverse("customers:list"))
        self._picker_query = picker_query if picker_url else ""
        self._buttons = []
        if picker_url:
            label = _("Assign to an existing customer")
            self._buttons.append(Submit("switch", label, css_class="btn-secondary", formaction=picker_url))

    def _add_definitions(self, definitions: Definitions) -> None:
        if definitions.tags or self._may_create_tags:
            self.fields["tags"] = TagsField(definitions, may_create=self._may_create_tags)
            self.initial.setdefault("tags", [tag.name for tag in definitions.customer_tags])
        for field in definitions.fields:
            self.fields[form_name(field)] = value_field(field)
            self.initial.setdefault(form_name(field), field.input_text(self._stored_values.get(field.key)))

    def offer_duplicate_override(self) -> None:
        """Show a button that adds the customer in spite of possible duplicates."""
        self._buttons.insert(0, Submit("add_anyway", _("Add anyway"), css_class="btn-outline-primary", css_id=None))

    @cached_property
    def helper(self) -> FormHelper:
        return form_helper(
            Fieldset(
                _("Personal details"),
                Div("kind", css_class="segmented"),
                "company",
                Row(Column("salutation", css_class="col-sm-4"), Column("first_name"), Column("last_name")),
            ),
            Fieldset(_("Contact"), Row(Column("email"), Column("phone")), "website"),
            Fieldset(
                _("Address"),
                "street",
                Row(Column("zip", css_class="col-sm-3"), Column("city"), Column("country")),
            ),
            Fieldset(_("Other"), Row(Column("language"), Column("responsible")), *(["tags"] if "tags" in self.fields else []), "notes"),
            *self._custom_fieldset,
            "version",
            *([Hidden("q", self._picker_query)] if self._picker_query else []),
            submit=_("Save"),
            cancel=self._cancel,
            buttons=self._buttons,
        )

    @property
    def _custom_fieldset(self) -> list[Fieldset]:
        names = [form_name(field) for field in self._definitions.fields]
        columns = [Column(name, css_class="col-sm-6") for name in names]
        return [Fieldset(_("More about this customer"), Row(*columns))] if columns else []

    @property
    def customer_fields(self) -> dict[str, Any]:
        """The cleaned values of the customer's fields."""
        fields = {name: value for name, value in self.cleaned_data.items() if name in self.Meta.fields}
        return {**fields, "custom_values": self.custom_values, "tags": self.cleaned_data.get("tags", [])}

    @property
    def custom_values(self) -> dict[str, Any]:
        """The values of the custom fields by key: the stored ones with the submitted ones."""
        return with_values(self._stored_values, {field.key: self.cleaned_data.get(form_name(field)) for field in self._definitions.fields})

    @property
    def content(self) -> dict[str, Any]:
        names = [tag.name for tag in self.cleaned_data.get("tags", [])]
        return {**super().content, "tags": names, "custom_values": sorted(self.custom_values.items())}

    @property
    def changed_fields(self) -> list[str]:
        """Names of the customer's fields whose values differ from the stored ones."""
        custom = {form_name(field) for field in self._definitions.fields}
        changed = self.changed_here
        return [name for name in changed if name not in custom] + ["custom_values"] * bool(custom & {*changed})

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        if kind == Customer.Kind.PERSON and not cleaned.get("last_name") and "last_name" not in self.errors:
            self.add_error("last_name", _("Enter a last name."))
        if kind == Customer.Kind.COMPANY and not cleaned.get("company") and "company" not in self.errors:
            self.add_error("company", _("Enter a company name."))
        return cleaned
