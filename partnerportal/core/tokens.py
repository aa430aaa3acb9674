"""The secret in a personal link: derived from a nonce, so that the database alone opens no page (docs/decisions/0002).

A token is an HMAC-SHA256 of a random nonce, keyed by `SECRET_KEY`, cut to 192 bits (32 characters of URL-safe base64).
The database keeps the nonce and the token's SHA-256: neither opens the page without the key, yet the portal can show
the link again for as long as it knows the key that made it (`SECRET_KEY` or one of `SECRET_KEY_FALLBACKS`).
Links are found by their digest, so they outlive a change of the key altogether.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.utils.crypto import salted_hmac

_BYTES = 24


def new_nonce() -> str:
    """128 random bits, as hexadecimal text."""
    return secrets.token_hex(16)


def hash_token(token: str) -> str:
    """What the database keeps of a token: SHA-256, as hexadecimal text."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


@dataclass(frozen=True)
class LinkTokenGenerator:
    """The tokens of one kind of link; the `salt` names the kind, so that no link of one kind opens a page of another."""

    salt: str

    def token_for(self, nonce: str, *, secret: str | None = None) -> str:
        """The token that belongs to `nonce` under `secret` (the current key by default)."""
        mac = salted_hmac(self.salt, nonce, secret=secret, algorithm="sha256").digest()
        return base64.urlsafe_b64encode(mac[:_BYTES]).decode()

    def recover(self, nonce: str, token_digest: str) -> str | None:
        """The token of a link made earlier; None if the key that made it is no longer known."""
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            token = self.token_for(nonce, secret=secret)
            if secrets.compare_digest(hash_token(token), token_digest):
                return token
        return None
