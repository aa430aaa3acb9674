"""allauth's forms with the portal's labels and rate limits, and the form for account settings."""

from typing import Any

from allauth.account import forms
from allauth.account.adapter import get_adapter
from django.forms import ChoiceField, ModelForm, TextInput
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerportal.accounts.forms.time_zones import zone_choices
from partnerportal.accounts.models import User
from partnerportal.accounts.queries import account_address
from partnerportal.accounts.services.accounts import get_or_create_client
from partnerportal.audit.context import origin
from partnerportal.core.email_addresses import canonical_address
from partnerportal.core.fields import AddressFormField
from partnerportal.core.forms import WordedForm, form_helper
from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits, network_prefix
from partnerportal.core.versions import EditForm

#: Reset links per e-mail address.
RESET_LIMIT = RateLimit("reset-address", times=3, seconds=5 * 60)
#: Codes entered per network, which many users can share. allauth allows three attempts per code.
CODE_LIMIT = RateLimit("code-network", times=60, seconds=5 * 60)
#: Label of sign-in codes. The context separates it from other codes of the portal in translations.
CODE_LABEL = pgettext_lazy("to sign in", "Code")
#: Labels of password fields.
PASSWORD_FIELDS = {
    "password": _("Password"),
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("Confirm new password"),
}


class AccountAddressField(AddressFormField):
    """Form field for an account's address in any spelling.

    For example, `info@xn--mnchen-3ya.example` finds `info@münchen.example`.
    """

    def clean(self, value: Any) -> str:
        """Return the account's spelling of the address, in lower case as allauth expects."""
        return account_address(super().clean(value).lower())


class PortalFormMixin(WordedForm):
    """Mixin for allauth forms that sets the portal's labels and error messages."""

    required_messages = {
        "login": _("Enter your e-mail address."),
        "email": _("Enter your e-mail address."),
        "code": _("Enter the code."),
        "password": _("Enter your password."),
        "oldpassword": _("Enter your current password."),
        "password1": _("Enter a new password."),
        "password2": _("Enter the new password again."),
    }
    #: The address field's `autocomplete` attribute.
    autocomplete = "email"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in {"login", "email"}:
                widget = TextInput(attrs={"autocomplete": self.autocomplete})
                self.fields[name] = AccountAddressField(label=_("E-mail"), required=field.required, widget=widget)
            elif name in PASSWORD_FIELDS:
                field.label = PASSWORD_FIELDS[name]
            if name == "password1":
                field.help_text = _("At least 8 characters. A passphrase works well.")
        # Applied again to the fields replaced above.
        self.word_required()


class LoginForm(PortalFormMixin, forms.LoginForm):  # type: ignore[misc]  # allauth has no type hints
    """Form for signing in with e-mail and password."""

    autocomplete = "username"


class RequestLoginCodeForm(PortalFormMixin, forms.RequestLoginCodeForm):  # type: ignore[misc]
    """Form for requesting a sign-in code. On the way to a client page, it also creates accounts."""

    _user: User | None

    def sign_in_reason(self) -> str:
        """Return the reason to sign in that the template displays."""
        return str(get_adapter().sign_in_reason())

    def clean_email(self) -> str:
        """Clean the address without revealing whether it has an account."""
        email: str = super().clean_email()
        if email and self._user is None and get_adapter().may_create_account():
            self._user = get_or_create_client(email)
        return email


class ConfirmLoginCodeForm(PortalFormMixin, forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    """Form for entering a sign-in code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = CODE_LABEL

    def clean_code(self) -> str:
        """Check the rate limit first, because a form error would use up one of the code's attempts."""
        here = origin.get()
        check_rate_limits((CODE_LIMIT, network_prefix(here.ip_address if here else None)))
        return str(super().clean_code())


class ResetPasswordForm(PortalFormMixin, forms.ResetPasswordForm):  # type: ignore[misc]
    """Form for requesting a reset link."""

    def clean_email(self) -> str:
        """Apply the rate limit whether or not there is an account."""
        try:
            check_rate_limits((RESET_LIMIT, canonical_address(self.cleaned_data["email"])))
        except RateLimitExceeded as error:
            raise get_adapter().rate_limit_error(error) from error
        return str(super().clean_email())


class AddEmailForm(PortalFormMixin, forms.AddEmailForm):  # type: ignore[misc]
    """Form for changing the account's address."""


class ReauthenticateForm(PortalFormMixin, forms.ReauthenticateForm):  # type: ignore[misc]
    """Form for reauthenticating with the password."""


class SetPasswordForm(PortalFormMixin, forms.SetPasswordForm):  # type: ignore[misc]
    """Form for the first password of an account."""

    def clean(self) -> dict[str, Any]:
        """Require a recent sign-in, as allauth does for a new address but not for a first password."""
        get_adapter().ensure_recently_authenticated()
        return dict(super().clean() or self.cleaned_data)


class ChangePasswordForm(PortalFormMixin, forms.ChangePasswordForm):  # type: ignore[misc]
    """Form for changing the password."""


class ResetPasswordKeyForm(PortalFormMixin, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """Form for a new password after opening a reset link."""


class AccountForm(EditForm, ModelForm):
    """Form for the account settings."""

    class Meta:
        model = User
        fields = ("full_name", "language")
        help_texts = {
            "full_name": _("Shown to the agencies you give access."),
            "language": _("Used for all pages and for e-mails to you."),
        }

    required_messages = {"full_name": _("Enter your name.")}

    time_zone = ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, has_agency: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_agency:
            self.fields["full_name"].help_text = _("Shown to your colleagues and customers.")
        self.fields["full_name"].widget.attrs["autocomplete"] = "name"
        self.fields["full_name"].required = True
        self.fields["language"].choices = [("", _("Browser default")), *self.fields["language"].choices[1:]]  # type: ignore[attr-defined]
        self.initial["time_zone"] = self.instance.time_zone
        none = _("Agency time zone") if has_agency else _("Portal time zone")
        self.fields["time_zone"].choices = zone_choices(self.instance.time_zone, none=none)  # type: ignore[attr-defined]
        self.helper = form_helper("full_name", "language", "time_zone", submit=_("Save"))

    def save(self, commit: bool = True) -> User:
        self.instance.time_zone = self.cleaned_data["time_zone"]
        user: User = super().save(commit=False)
        if commit and self.changed_here:
            user.save(update_fields=self.changed_here)
        return user
