"""The secret in a personal review link.

A token is an HMAC-SHA256 of a random nonce, keyed by `SECRET_KEY`, cut to 192 bits (32 characters of URL-safe base64).
The database keeps the nonce and the token's SHA-256: neither opens the page without the key, yet the portal can show
the link again for as long as it knows the key that made it (`SECRET_KEY` or one of `SECRET_KEY_FALLBACKS`).
Links are found by their digest, so they outlive a change of the key altogether.
"""

import base64
import hashlib
import secrets

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

_BYTES = 24
_SALT = "reviews.personal-link"
_ADDRESS_SALT = "reviews.no-more-mails"


def new_nonce() -> str:
    """128 random bits, as hexadecimal text."""
    return secrets.token_hex(16)


def token_for(nonce: str, *, secret: str | None = None) -> str:
    """The token that belongs to `nonce` under `secret` (the current key by default)."""
    mac = salted_hmac(_SALT, nonce, secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac[:_BYTES]).decode()


def digest(token: str) -> str:
    """What the database keeps of a token: SHA-256, as hexadecimal text."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def address_digest(email: str, *, secret: str | None = None) -> str:
    """What the database keeps of an address that wants no more mails: without the key nobody can try addresses against it."""
    return salted_hmac(_ADDRESS_SALT, email.strip().lower(), secret=secret, algorithm="sha256").hexdigest()


def address_digests(email: str) -> list[str]:
    """The digests that a stop of this address may have been kept under: a “stop” outlives a change of the key."""
    return [address_digest(email, secret=secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def stop_token(customer_pk: int, email: str) -> str:
    """The secret in a mail's “no more of these”: whose wish it would be and of which address, signed so that nobody makes one up."""
    return _stop_signer().sign(f"{customer_pk}-{address_digest(email)}")


def read_stop_token(token: str) -> tuple[int, str] | None:
    """The customer's key and the address's digest in a `stop_token`; None if it isn't one of ours."""
    try:
        customer_pk, digest_of_address = _stop_signer().unsign(token).split("-")
    except BadSignature:
        return None
    return int(customer_pk), digest_of_address


def _stop_signer() -> Signer:
    return Signer(salt="reviews.stop", sep=".")


def recover(nonce: str, token_digest: str) -> str | None:
    """The token of a link made earlier; None if the key that made it is no longer known."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = token_for(nonce, secret=secret)
        if secrets.compare_digest(digest(token), token_digest):
            return token
    return None
