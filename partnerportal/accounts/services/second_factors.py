"""Second factors: how their secrets lie in the database, and what django-allauth says of them."""

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from partnerportal.accounts.models import User
from partnerportal.accounts.templatetags.user_agents import browser
from partnerportal.core.encryption import DecryptionError, Encryptor

#: Whoever could read them in a stolen database would have everybody's second factor.
CIPHER = Encryptor("partnerportal.accounts.second_factor")
#: Where in an authenticator's `data` the secret stands. That of a passkey never leaves its owner.
SECRET_FIELDS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth brings no types
    """Secrets lie sealed; a passkey is called after the browser that made it."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is wrong or has already been used. Enter the code your app is showing now."),
        "cannot_generate_recovery_codes": _("Recovery codes require two-factor authentication. Set it up first."),
        "unverified_email": _("Confirm your e-mail address first. Otherwise you could be locked out if you lose your second factor."),
    }

    def encrypt(self, text: str) -> str:
        return CIPHER.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret itself.

        Raises:
            SealBroken: no known key opens it.
        """
        return CIPHER.decrypt(encrypted_text.encode())

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002  # allauth calls it so
        return browser(get_account_adapter().get_http_user_agent(context.request))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}


@receiver(authenticator_used, dispatch_uid="accounts.tell_of_used_code")
def notify_recovery_code_used(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    """Whoever finds a printed code can sign in with it: its owner learns of it, and how many are left."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        authenticator.refresh_from_db(fields=["data"])
        left = len(authenticator.wrap().get_unused_codes())
        get_account_adapter().send_notification_mail("recovery_code_used", user, {"left": left})


def reencrypt() -> int:
    """Seal with the current key what a former one sealed, so that the former can be dropped; how many that were.

    What no known key opens stays as it is: the missing key may come back.
    """
    done = 0
    for kind, field in SECRET_FIELDS.items():
        for pk, sealed in Authenticator.objects.filter(type=kind, data__has_key=field).values_list("pk", f"data__{field}").iterator():
            if not CIPHER.uses_current_key(sealed.encode()):
                done += _reseal(pk, field)
    return done


@transaction.atomic
def _reseal(pk: int, field: str) -> bool:
    """One of them, locked: a recovery code may be used at this very moment. False where it can't be opened or is gone."""
    authenticator = Authenticator.objects.select_for_update().filter(pk=pk).first()
    try:
        secret = CIPHER.decrypt(authenticator.data[field].encode()) if authenticator else None
    except DecryptionError:
        return False
    if secret is None:
        return False
    authenticator.data[field] = CIPHER.encrypt(secret).decode()
    authenticator.save(update_fields=["data"])
    return True
