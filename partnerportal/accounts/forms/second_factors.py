"""allauth's forms of second factors in the portal's words."""

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

#: What reading a browser's answer raises that no browser gave: it is JSON with base64, CBOR and keys inside.
PARSE_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error)
UNREADABLE = _("Your two-factor authentication data can’t be read. Ask the portal administrator to reset it, then set it up again.")
#: As long as a passkey's name may be.
NAME_LENGTH = 100


class CodeFormMixin:
    """Mixed into a form that takes a code."""

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
        """As allauth does it, rate limit included."""
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except DecryptionError as error:
            logger.warning("Cannot decrypt the second factor of user %s. Is a key missing from SECRET_KEY_FALLBACKS?", self.user.pk)
            raise ValidationError(UNREADABLE, code="unreadable") from error


class AuthenticateForm(CodeFormMixin, base.AuthenticateForm):  # type: ignore[misc]  # allauth brings no types
    """The second step of signing in: a code of the app, or one of the recovery codes."""

    @cached_property
    def kinds(self) -> set[str]:
        """Which second factors the person has (`Authenticator.Type`)."""
        return set(Authenticator.objects.filter(user=self.user).values_list("type", flat=True))


class ReauthenticateForm(CodeFormMixin, base.ReauthenticateForm):  # type: ignore[misc]
    """A code once more, later."""


class ActivateTOTPForm(CodeFormMixin, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new app."""


class PasskeyFormMixin:
    """Mixed into a form that takes a browser's answer about a passkey, which may be anything."""

    mismatch_message = _("This passkey doesn’t match this account, or the page was open for too long. Try again.")

    def _checked(self, check: Callable[[], Any]) -> Any:
        try:
            return check()
        except PARSE_ERRORS as error:
            raise ValidationError(self.mismatch_message, code="passkey") from error
        except ValidationError as error:
            # allauth speaks of a code here; its other refusals stand.
            raise ValidationError(self.mismatch_message, code="passkey") if error.code == "incorrect_code" else error from error

    def clean_credential(self) -> Any:
        return self._checked(super().clean_credential)  # type: ignore[misc]


class AddPasskeyForm(PasskeyFormMixin, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey and its name."""

    mismatch_message = _("Your browser’s response doesn’t match this page, which may have been open for too long. Try again.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_name(self.fields["name"])
        alone = self.fields["passwordless"]
        alone.label, alone.initial = _("Allow signing in with this passkey alone, without a password"), True
        alone.help_text = _(
            "For passkeys that verify you with a fingerprint, face or PIN. A basic security key is used in addition to your password."
        )
        self.fields["credential"].error_messages["required"] = _("Your browser hasn’t responded yet. Select the button again.")

    def clean_credential(self) -> Any:
        """Checked together with the rest, in `clean`."""
        return self.cleaned_data["credential"]

    def clean(self) -> Any:
        return self._checked(super().clean)


class RenamePasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_name(self.fields["name"])


class AuthenticateByPasskeyForm(PasskeyFormMixin, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """The second step of signing in, by a passkey."""


class ReauthenticateByPasskeyForm(PasskeyFormMixin, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey once more, later."""


class SignInByPasskeyForm(PasskeyFormMixin, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    """Signing in by a passkey alone."""

    mismatch_message = _("This passkey isn’t linked to an account here, or the page was open for too long. Try again.")


def _describe_name(field: Any) -> None:
    field.label = _("Name")
    field.max_length = NAME_LENGTH
    field.widget.attrs |= {"autocomplete": "off", "maxlength": NAME_LENGTH}
    field.validators.append(MaxLengthValidator(NAME_LENGTH))
