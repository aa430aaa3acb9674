"""Encryption of the secrets of second factors."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from partnerportal.core.encryption import DecryptionError, Encryptor

CIPHER = Encryptor("partnerportal.accounts.second_factor")
#: Keys of the secrets in an authenticator's `data`. Passkeys' secrets never leave the device.
SECRET_FIELDS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


def reencrypt() -> int:
    """Encrypt secrets with the current key and return the number of changed ones.

    Afterwards, former keys can be removed. Secrets that can't be decrypted are kept, because the
    missing key may be restored.
    """
    changed = 0
    for kind, field in SECRET_FIELDS.items():
        for pk, encrypted in Authenticator.objects.filter(type=kind, data__has_key=field).values_list("pk", f"data__{field}").iterator():
            if not CIPHER.uses_current_key(encrypted.encode()):
                changed += _reencrypt_secret(pk, field)
    return changed


@transaction.atomic
def _reencrypt_secret(pk: int, field: str) -> bool:
    """Re-encrypt a secret, or return False if that is impossible.

    The row is locked, because a recovery code may be used concurrently.
    """
    authenticator = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if authenticator is None:
        return False
    try:
        secret = CIPHER.decrypt(authenticator.data[field].encode())
    except DecryptionError:
        return False
    authenticator.data[field] = CIPHER.encrypt(secret).decode()
    authenticator.save(update_fields=["data"])
    return True
