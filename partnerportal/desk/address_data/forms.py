"""Forms of the administrators' pages about an address."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from partnerportal.core.email_addresses import canonical_address
from partnerportal.core.fields import AddressFormField

_WIDGET = {"class": "vTextField", "autocomplete": "off"}


class SearchForm(forms.Form):
    """Form for the address of the person who asks."""

    email = AddressFormField(
        label=_("E-mail address"),
        widget=forms.TextInput(attrs=_WIDGET),
        error_messages={"required": _("Enter an e-mail address.")},
    )


class ConfirmForm(forms.Form):
    """Form for the confirmation of an erasure: the address must be typed."""

    email = AddressFormField(
        label=_("Type the e-mail address to confirm"),
        widget=forms.TextInput(attrs=_WIDGET),
        error_messages={"required": _("Type the e-mail address.")},
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean_email(self) -> str:
        """Compare the typed address in any spelling."""
        typed: str = self.cleaned_data["email"]
        if canonical_address(typed) != canonical_address(self._email):
            raise ValidationError(_("This isn’t the address above. Nothing was erased."), "other_address")
        return typed
