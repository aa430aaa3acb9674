"""allauth's forms of second factors, with the portal's labels and error messages."""

import logging
import struct
from collections.abc import Callable
from typing import Any

from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.forms.accounts import CODE_LABEL
from partnerportal.core.encryption import DecryptionError

logger = logging.getLogger(__name__)

#: Errors raised while parsing a forged passkey response, which contains JSON, base64, CBOR and keys.
PARSE_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error)
UNREADABLE = _("Your two-factor authentication data can’t be read. Ask the portal administrator to reset it, then set it up again.")
#: Maximum length of a passkey's name, in characters.
NAME_LENGTH = 100


class CodeFormMixin:
    """Mixin for forms with a code."""

    fields: dict[str, Any]
    user: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = CODE_LABEL
        code.widget.attrs |= {"autocomplete": "one-time-code", "inputmode": "numeric"}
        code.widget.attrs.pop("placeholder", None)
        code.validators.append(MaxLengthValidator(50))

    def clean_code(self) -> str:
        """Turn a secret that can't be decrypted into a form error."""
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except DecryptionError as error:
            logger.warning("Cannot decrypt the second factor of user %s. Is a key missing from SECRET_KEY_FALLBACKS?", self.user.pk)
            raise ValidationError(UNREADABLE, code="unreadable") from error


class AuthenticateForm(CodeFormMixin, base.AuthenticateForm):  # type: ignore[misc]  # allauth has no type hints
    """Form for the second step of signing in, with an app's code or a recovery code."""

    @cached_property
    def kinds(self) -> set[str]:
        """Types of the user's second factors (`Authenticator.Type`)."""
        return set(Authenticator.objects.filter(user=self.user).values_list("type", flat=True))


class ReauthenticateForm(CodeFormMixin, base.ReauthenticateForm):  # type: ignore[misc]
    """Form for reauthenticating with a code."""


class ActivateTOTPForm(CodeFormMixin, totp.ActivateTOTPForm):  # type: ignore[misc]
    """Form for confirming a new authenticator app with its first code."""


class PasskeyFormMixin:
    """Mixin for forms with a browser's passkey response, which may be malformed."""

    mismatch_message = _("This passkey doesn’t match this account, or the page was open for too long. Try again.")

    def _check_response(self, check: Callable[[], Any]) -> Any:
        try:
            return check()
        except PARSE_ERRORS as error:
            raise ValidationError(self.mismatch_message, code="passkey") from error
        except ValidationError as error:
            # allauth's text refers to a code.
            raise ValidationError(self.mismatch_message, code="passkey") if error.code == "incorrect_code" else error from error

    def clean_credential(self) -> Any:
        return self._check_response(super().clean_credential)  # type: ignore[misc]


class AddPasskeyForm(PasskeyFormMixin, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """Form for adding a passkey."""

    mismatch_message = _("Your browser’s response doesn’t match this page, which may have been open for too long. Try again.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _configure_name(self.fields["name"])
        passwordless = self.fields["passwordless"]
        passwordless.label, passwordless.initial = _("Allow signing in with this passkey alone, without a password"), True
        passwordless.help_text = _(
            "For passkeys that verify you with a fingerprint, face or PIN. A basic security key is used in addition to your password."
        )
        self.fields["credential"].error_messages["required"] = _("Your browser hasn’t responded yet. Select the button again.")

    def clean_credential(self) -> Any:
        """Postpone the check to `clean()`."""
        return self.cleaned_data["credential"]

    def clean(self) -> Any:
        return self._check_response(super().clean)


class RenamePasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    """Form for renaming a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _configure_name(self.fields["name"])


class AuthenticateByPasskeyForm(PasskeyFormMixin, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """Form for the second step of signing in, with a passkey."""


class ReauthenticateByPasskeyForm(PasskeyFormMixin, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Form for reauthenticating with a passkey."""


class SignInByPasskeyForm(PasskeyFormMixin, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    """Form for signing in with a passkey alone."""

    mismatch_message = _("This passkey isn’t linked to an account here, or the page was open for too long. Try again.")


def _configure_name(field: Any) -> None:
    field.label = _("Name")
    field.max_length = NAME_LENGTH
    field.widget.attrs |= {"autocomplete": "off", "maxlength": NAME_LENGTH}
    field.validators.append(MaxLengthValidator(NAME_LENGTH))
