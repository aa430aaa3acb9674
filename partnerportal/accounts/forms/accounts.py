"""allauth's forms in the portal's words: “E-mail” everywhere, labels rather than placeholders."""

from typing import Any

from allauth.account import forms
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core import context
from django.forms import ChoiceField, ModelForm, TextInput
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerportal.accounts.models import User
from partnerportal.accounts.rate_limits import check_code_limit, check_reset_limit
from partnerportal.accounts.services.accounts import account_address
from partnerportal.accounts.services.client_accounts import get_or_create_client, may_create_account, sign_in_reason
from partnerportal.accounts.time_zones import zone_choices
from partnerportal.core.fields import AddressFormField
from partnerportal.core.forms import WordedForm, form_helper
from partnerportal.core.versions import EditForm

#: What is typed in from an e-mail or an app; in other places of the portal a code is a shorthand.
CODE_LABEL = pgettext_lazy("to sign in", "Code")
#: Their fields of passwords, by name.
PASSWORD_FIELDS = {
    "password": _("Password"),
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("Confirm new password"),
}


class AccountAddressField(AddressFormField):
    """Form field for the address of an account, in any spelling: `info@xn--mnchen-3ya.example` finds `info@münchen.example`."""

    def clean(self, value: Any) -> str:
        """Return the address in lower case, as allauth expects it, in the spelling that the account has."""
        return account_address(super().clean(value).lower())


class PortalFormMixin(WordedForm):
    """Mixed into a form of allauth's."""

    required_messages = {
        "login": _("Enter your e-mail address."),
        "email": _("Enter your e-mail address."),
        "code": _("Enter the code."),
        "password": _("Enter your password."),
        "oldpassword": _("Enter your current password."),
        "password1": _("Enter a new password."),
        "password2": _("Enter the new password again."),
    }
    #: What the browser is to fill in where an address is asked for.
    address = "email"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in {"login", "email"}:
                widget = TextInput(attrs={"autocomplete": self.address})
                self.fields[name] = AccountAddressField(label=_("E-mail"), required=field.required, widget=widget)
            elif name in PASSWORD_FIELDS:
                field.label = PASSWORD_FIELDS[name]
            if name == "password1":
                field.help_text = _("At least 8 characters. A passphrase works well.")
        # Once more, for the fields that are other ones now.
        self.word_required()


class LoginForm(PortalFormMixin, forms.LoginForm):  # type: ignore[misc]  # allauth brings no types
    """E-mail and password."""

    address = "username"


class RequestLoginCodeForm(PortalFormMixin, forms.RequestLoginCodeForm):  # type: ignore[misc]
    """The address to which a sign-in code goes; on the way to a client's page, an unknown one gets an account."""

    _user: User | None

    def why(self) -> str:
        """What signing in is for, where the person comes from a page that says so."""
        return sign_in_reason(context.request)

    def clean_email(self) -> str:
        """As allauth does it, rate limits included; whether there is an account shows in nothing that follows."""
        email: str = super().clean_email()
        if email and self._user is None and may_create_account(context.request):
            self._user = get_or_create_client(email)
        return email


class ConfirmLoginCodeForm(PortalFormMixin, forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    """The code from the e-mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = CODE_LABEL

    def clean_code(self) -> str:
        check_code_limit()
        return str(super().clean_code())


class ResetPasswordForm(PortalFormMixin, forms.ResetPasswordForm):  # type: ignore[misc]
    """The address to which the reset link goes."""

    def clean_email(self) -> str:
        check_reset_limit(self.cleaned_data["email"])
        return str(super().clean_email())


class AddEmailForm(PortalFormMixin, forms.AddEmailForm):  # type: ignore[misc]
    """A new address for the own account."""


class ReauthenticateForm(PortalFormMixin, forms.ReauthenticateForm):  # type: ignore[misc]
    """The password once more."""


class SetPasswordForm(PortalFormMixin, forms.SetPasswordForm):  # type: ignore[misc]
    """A first password, twice, for an account without one; a way in like a new address, which allauth asks about itself."""

    def clean(self) -> dict[str, Any]:
        raise_if_reauthentication_required(context.request, app="allauth.account")
        return dict(super().clean() or self.cleaned_data)


class ChangePasswordForm(PortalFormMixin, forms.ChangePasswordForm):  # type: ignore[misc]
    """The old and, twice, the new password."""


class ResetPasswordKeyForm(PortalFormMixin, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password, twice, by a reset link."""


class AccountForm(EditForm, ModelForm):
    """What somebody says about themselves."""

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
