"""Mixin for forms that add only one object."""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _

from customers.models import FormSubmission
from customers.services.submissions import is_form_number, new_form_number


class AddOnceForm(forms.BaseForm):
    """Mixin for model forms. A form that adds an object has a number in a hidden field."""

    instance: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_add = self.instance.pk is None
        if self.is_add:
            self.fields["form_number"] = forms.CharField(required=False, widget=forms.HiddenInput, initial=new_form_number)

    @property
    def number(self) -> str:
        """The form's number; empty if it was submitted without one, which browsers never do."""
        return str(self.cleaned_data.get("form_number", ""))

    def has_added(self, row: Any) -> bool:
        """Return whether an earlier submission of this form added the row."""
        number = str(self.data.get("form_number", ""))
        return self.is_add and bool(number) and FormSubmission.objects.of_form(row.agency, number).filter(added_id=row.pk).exists()

    @property
    def content(self) -> dict[str, Any]:
        """The submitted values, with the model and the customer."""
        kind, customer = self.instance._meta.label, getattr(self, "customer", None)
        fields = {name: self.cleaned_data.get(name) for name in self._meta.fields}  # type: ignore[attr-defined]
        return {"": f"{kind}/{customer.pk if customer else ''}", **fields}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_unreadable = self.is_add and "form_number" in self.errors
        if is_unreadable or (cleaned.get("form_number") and not is_form_number(cleaned["form_number"])):
            self.errors.pop("form_number", [])
            self._renew(another=False)
            self.add_error(None, _("This form has been open for too long. Check your input and save again."))
        return cleaned

    def offer_another(self, added: Any, address: str) -> None:
        """Link to the object already added, and let the next save add another one."""
        self._renew()
        link = format_html('<a href="{}">{}</a>', address, getattr(added, "numbered_name", added))
        text = _("{link} has already been added. To change it, open it. To add another one, save again.")
        self.add_error(None, format_html(text, link=link))

    def offer_again(self) -> None:
        """Explain that the added object has been removed, and let the next save add it again."""
        self._renew()
        self.add_error(None, _("This form has already been saved, and the entry has since been removed. To add it again, save again."))

    def _renew(self, *, another: bool = True) -> None:
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data["form_number"] = new_form_number(another=another)
        self.data = data
