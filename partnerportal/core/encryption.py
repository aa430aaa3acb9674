"""Encryption of data that must stay unreadable in a stolen database dump.

Uses Fernet (AES-128-CBC with HMAC-SHA256, <https://cryptography.io/en/latest/fernet/>) with a key
for each purpose, derived from `SECRET_KEY`. Keys in `SECRET_KEY_FALLBACKS` can still decrypt.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionError(Exception):
    """Raised when no known key decrypts the value.

    `SECRET_KEY` was changed without keeping the old key in `SECRET_KEY_FALLBACKS`, or the value was never encrypted.
    """

    #: Templates render an empty text, so that a page can show the rest of an e-mail.
    silent_variable_failure = True


class Encryptor:
    """Encrypts and decrypts texts for one purpose. Values of another purpose can't be decrypted."""

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose

    def encrypt(self, text: str) -> bytes:
        """Encrypt with the current key."""
        return _cipher(self.purpose, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode())

    def decrypt(self, encrypted: bytes | memoryview) -> str:
        """Decrypt with the current or a former key.

        Raises:
            DecryptionError: No known key decrypts the value.
        """
        return self._decrypt(encrypted, *settings.SECRET_KEY_FALLBACKS)

    def uses_current_key(self, encrypted: bytes) -> bool:
        """Return whether the current key decrypts the value."""
        try:
            self._decrypt(encrypted)
        except DecryptionError:
            return False
        return True

    def _decrypt(self, encrypted: bytes | memoryview, *fallbacks: str) -> str:
        try:
            return _cipher(self.purpose, settings.SECRET_KEY, *fallbacks).decrypt(bytes(encrypted)).decode()
        except InvalidToken as error:
            raise DecryptionError from error


@lru_cache(maxsize=8)
def _cipher(purpose: str, *keys: str) -> MultiFernet:
    return MultiFernet([Fernet(_derive(key, purpose)) for key in keys])


def _derive(key: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return base64.urlsafe_b64encode(kdf.derive(key.encode()))
