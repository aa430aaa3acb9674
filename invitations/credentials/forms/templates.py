"""Form for an entry of the list of needs."""

from typing import Any

from crispy_forms.layout import Column, Row
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from invitations.credentials.models import NeedTemplate
from partnerportal.core.forms import form_helper
from partnerportal.core.versions import EditForm


class NeedTemplateForm(EditForm, forms.ModelForm):
    """Form for adding or editing an entry."""

    empty_labels = {"area": _("Choose an area")}
    required_messages = {"name": _("Enter a name."), "area": _("Choose an area.")}

    class Meta:
        model = NeedTemplate
        fields = ("name", "area", "address", "instructions")
        help_texts = {
            "name": _("For example, Hosting or Registrar. Clients see it."),
            "area": _("The client’s access must include it."),
            "address": _("Optional. The address that clients can invite as a user instead of handing over a password."),
            "instructions": _("Optional. Tell clients which account you mean, and which rights you need."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "address": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
            "instructions": forms.Textarea(attrs={"rows": 4}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(
            Row(Column("name"), Column("area")),
            "address",
            "instructions",
            submit=_("Save"),
            cancel=reverse("invitations:need_templates"),
        )

    def clean_instructions(self) -> str:
        """Return the text with the line breaks that are stored."""
        return str(self.cleaned_data["instructions"]).replace("\r\n", "\n").replace("\r", "\n")
