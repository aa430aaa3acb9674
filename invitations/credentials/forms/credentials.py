"""Form with which a client hands over a credential."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from invitations.credentials.encryption import CredentialContent
from partnerportal.core.forms import TextForm, form_helper
from partnerportal.core.validators import validate_one_line, validate_plain_text

#: Attributes of inputs that browsers don't store or correct.
_PRIVATE = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


class CredentialForm(TextForm, forms.Form):
    """Form for a credential. The password isn't sent back if another field has an error."""

    username = forms.CharField(
        label=_("User name"), required=False, max_length=200, validators=[validate_one_line], widget=forms.TextInput(attrs=_PRIVATE)
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=1000,
        strip=False,
        validators=[validate_one_line],
        widget=forms.PasswordInput(attrs={**_PRIVATE, "autocomplete": "new-password"}),
    )
    url = forms.CharField(
        label=_("Address of the sign-in page"),
        required=False,
        max_length=500,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={**_PRIVATE, "inputmode": "url"}),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=2000,
        validators=[validate_plain_text],
        widget=forms.Textarea(attrs={**_PRIVATE, "rows": 3}),
        help_text=_("For example, a customer number or a PIN. It’s encrypted, too."),
    )

    def __init__(self, *args: Any, cancel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("username", "password", "url", "note", submit=_("Share credential"), cancel=cancel, autocomplete="off")

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(cleaned.get(name) for name in ("username", "password", "note")):
            self.add_error("password", _("Enter a password, or explain the access in the note."))
        return cleaned

    @property
    def content(self) -> CredentialContent:
        """The entered credential."""
        return CredentialContent(**self.cleaned_data)
