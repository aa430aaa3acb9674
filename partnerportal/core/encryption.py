"""Sealing what must not be readable in a stolen copy of the database.

Mail bodies carry personal links, sign-in codes and reset links; second factors rest on secrets: whoever reads them can act
as somebody else. They are kept encrypted (Fernet: AES-128-CBC with HMAC-SHA256, <https://cryptography.io/en/latest/fernet/>)
with a key derived from `SECRET_KEY`, one for each purpose; what a former key of `SECRET_KEY_FALLBACKS` sealed still opens.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionError(Exception):
    """None of the known keys opens this: `SECRET_KEY` was replaced and not kept in `SECRET_KEY_FALLBACKS`, or it was never sealed."""

    #: To a template it is an empty text: a page about the mail has more to tell than its body.
    silent_variable_failure = True


class Encryptor:
    """Seals and unseals texts of one purpose; what was sealed for another doesn't open."""

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose

    def encrypt(self, text: str) -> bytes:
        """Encrypt with the current key."""
        return _cipher(self.purpose, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode())

    def decrypt(self, sealed: bytes | memoryview) -> str:
        """Decrypt with the current or a former key.

        Raises:
            SealBroken: no key fits.
        """
        return self._open(sealed, *settings.SECRET_KEY_FALLBACKS)

    def uses_current_key(self, sealed: bytes) -> bool:
        """Whether the current key opens this, without any former one."""
        try:
            self._open(sealed)
        except DecryptionError:
            return False
        return True

    def _open(self, sealed: bytes | memoryview, *fallbacks: str) -> str:
        try:
            return _cipher(self.purpose, settings.SECRET_KEY, *fallbacks).decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise DecryptionError from error


@lru_cache(maxsize=8)
def _cipher(purpose: str, *keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_derive(key, purpose)) for key in keys])


def _derive(key: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))
