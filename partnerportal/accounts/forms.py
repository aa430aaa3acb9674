"""allauth's forms in the portal's words: “E-mail” everywhere, labels rather than placeholders."""

from typing import Any

from allauth.account import forms
from allauth.core import context
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.clients import client_account, opens_accounts
from partnerportal.accounts.limits import count_code, count_reset
from partnerportal.accounts.models import User


class OurWords:
    """Mixed into a form of allauth's."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in {"login", "email"}:
                field.label = _("E-mail")
                # What is longer fits into no account; allauth's own field takes more.
                field.validators.append(MaxLengthValidator(User._meta.get_field("email").max_length))


class LoginForm(OurWords, forms.LoginForm):  # type: ignore[misc]  # allauth brings no types
    """E-mail and password."""


class RequestLoginCodeForm(OurWords, forms.RequestLoginCodeForm):  # type: ignore[misc]
    """The address to which a sign-in code goes; on the way to a client's page, an unknown one gets an account."""

    _user: User | None

    def clean_email(self) -> str:
        """As allauth does it, rate limits included; whether there is an account shows in nothing that follows."""
        email: str = super().clean_email()
        if email and self._user is None and opens_accounts(context.request):
            self._user = client_account(email)
        return email


class ConfirmLoginCodeForm(OurWords, forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    """The code from the e-mail."""

    def clean_code(self) -> str:
        count_code()
        return str(super().clean_code())


class ResetPasswordForm(OurWords, forms.ResetPasswordForm):  # type: ignore[misc]
    """The address to which the reset link goes."""

    def clean_email(self) -> str:
        count_reset(self.cleaned_data["email"])
        return str(super().clean_email())


class AddEmailForm(OurWords, forms.AddEmailForm):  # type: ignore[misc]
    """A new address for the own account."""


class ChangePasswordForm(OurWords, forms.ChangePasswordForm):  # type: ignore[misc]
    """The old and, twice, the new password."""


class ResetPasswordKeyForm(OurWords, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password, twice, by a reset link."""
