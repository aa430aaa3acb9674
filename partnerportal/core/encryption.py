"""Encryption of data that must stay unreadable in a stolen database dump.

`Encryptor` uses Fernet (AES-128-CBC with HMAC-SHA256, <https://cryptography.io/en/latest/fernet/>), and
`BoundEncryptor` AES-256-GCM, which also authenticates where a value belongs. Each has a key for each
purpose, derived from `SECRET_KEY`. Keys in `SECRET_KEY_FALLBACKS` can still decrypt.
"""

import base64
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionError(Exception):
    """Raised when no known key decrypts the value.

    `SECRET_KEY` was changed without keeping the old key in `SECRET_KEY_FALLBACKS`, the value was never encrypted,
    or it was encrypted for another place.
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


class BoundEncryptor:
    """Encrypts and decrypts texts for one purpose and one place.

    The `place` names the row that contains the value, and everything that decides who can read it. A value that was
    copied to another place can't be decrypted.
    """

    #: First byte of each value, in case the format changes.
    _FORMAT = b"\x01"
    #: Length of the random nonce, in bytes.
    _NONCE_LENGTH = 12

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose

    def encrypt(self, text: str, *, place: str) -> bytes:
        """Encrypt with the current key."""
        nonce = secrets.token_bytes(self._NONCE_LENGTH)
        sealed = _bound_cipher(self.purpose, settings.SECRET_KEY).encrypt(nonce, text.encode(), place.encode())
        return self._FORMAT + nonce + sealed

    def decrypt(self, encrypted: bytes | memoryview, *, place: str) -> str:
        """Decrypt with the current or a former key.

        Raises:
            DecryptionError: No known key decrypts the value in this place.
        """
        return self._decrypt(encrypted, place, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)

    def uses_current_key(self, encrypted: bytes | memoryview, *, place: str) -> bool:
        """Return whether the current key decrypts the value in this place."""
        try:
            self._decrypt(encrypted, place, settings.SECRET_KEY)
        except DecryptionError:
            return False
        return True

    def _decrypt(self, encrypted: bytes | memoryview, place: str, *keys: str) -> str:
        value = bytes(encrypted)
        nonce, sealed = value[1 : 1 + self._NONCE_LENGTH], value[1 + self._NONCE_LENGTH :]
        if value[:1] != self._FORMAT or not sealed:
            raise DecryptionError
        for key in keys:
            try:
                return _bound_cipher(self.purpose, key).decrypt(nonce, sealed, place.encode()).decode()
            except InvalidTag:
                continue
        raise DecryptionError


@lru_cache(maxsize=8)
def _cipher(purpose: str, *keys: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key, purpose))) for key in keys])


@lru_cache(maxsize=8)
def _bound_cipher(purpose: str, key: str) -> AESGCM:
    return AESGCM(_derive(key, purpose))


def _derive(key: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key.encode())
