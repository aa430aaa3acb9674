"""Tokens of personal links, which can't be derived from the database alone (docs/decisions/0002).

A token is the HMAC-SHA256 of a random nonce under `SECRET_KEY`, truncated to 192 bits. The database
contains the nonce and the SHA-256 digest of the token. The portal can display the link again while
`SECRET_KEY` or `SECRET_KEY_FALLBACKS` contains the key. Links stay valid when the key changes,
because rows are found by the digest.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.utils.crypto import salted_hmac

#: Length of a token before encoding, in bytes.
_BYTES = 24


def new_nonce() -> str:
    """Return 128 random bits as hexadecimal text."""
    return secrets.token_hex(16)


def hash_token(token: str) -> str:
    """Return the SHA-256 digest of a token as hexadecimal text."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


@dataclass(frozen=True)
class LinkTokenGenerator:
    """Generates tokens for one type of link. The `salt` separates the types."""

    salt: str

    def token_for(self, nonce: str, *, secret: str | None = None) -> str:
        """Return the token of `nonce` under `secret` (default: the current key)."""
        mac = salted_hmac(self.salt, nonce, secret=secret, algorithm="sha256").digest()
        return base64.urlsafe_b64encode(mac[:_BYTES]).decode()

    def recover(self, nonce: str, token_digest: str) -> str | None:
        """Return the token of a stored link, or None if its key is no longer known."""
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            token = self.token_for(nonce, secret=secret)
            if secrets.compare_digest(hash_token(token), token_digest):
                return token
        return None
