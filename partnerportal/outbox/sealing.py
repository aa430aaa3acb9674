"""Sealing what must not be readable in a stolen copy of the database.

Mail bodies carry personal links, sign-in codes and reset links: whoever reads them can act as somebody else. They are
kept encrypted (Fernet: AES-128-CBC with HMAC-SHA256, <https://cryptography.io/en/latest/fernet/>) with a key derived
from `SECRET_KEY`; what a former key of `SECRET_KEY_FALLBACKS` sealed still opens.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealBroken(Exception):
    """None of the known keys opens this: `SECRET_KEY` was replaced and not kept in `SECRET_KEY_FALLBACKS`."""

    #: To a template it is an empty text: a page about the mail has more to tell than its body.
    silent_variable_failure = True


def seal(text: str) -> bytes:
    """Encrypt with the current key."""
    return _cipher(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS)).encrypt(text.encode())


def unseal(sealed: bytes | memoryview) -> str:
    """Decrypt with the current or a former key.

    Raises:
        SealBroken: no key fits.
    """
    try:
        return _cipher(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS)).decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise SealBroken from error


@lru_cache(maxsize=4)
def _cipher(key: str, fallbacks: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive(secret)) for secret in (key, *fallbacks)])


def _derive(secret: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"partnerportal.outbox.body")
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
