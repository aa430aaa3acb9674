"""The secret in a personal review link (see `partnerportal.tokens`), and what stands for an address that wants no more mails."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

from partnerportal.core.email_addresses import canonical_address
from partnerportal.core.tokens import LinkTokenGenerator, hash_token, new_nonce

__all__ = [
    "REVIEW_LINKS",
    "address_digest",
    "address_digests",
    "hash_token",
    "new_nonce",
    "opt_out_token",
    "read_opt_out_token",
    "recover",
    "token_for",
]

#: Of personal links.
REVIEW_LINKS = LinkTokenGenerator("reviews.personal-link")
token_for = REVIEW_LINKS.token_for
recover = REVIEW_LINKS.recover


def address_digest(email: str, *, secret: str | None = None) -> str:
    """What the database keeps of an address that wants no more mails: without the key nobody can try addresses against it."""
    return salted_hmac("reviews.no-more-mails", canonical_address(email), secret=secret, algorithm="sha256").hexdigest()


def address_digests(email: str) -> list[str]:
    """The digests that a stop of this address may have been kept under: a “stop” outlives a change of the key."""
    return [address_digest(email, secret=secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def opt_out_token(customer_pk: int, email: str) -> str:
    """The secret in a mail's “no more of these”: whose wish it would be and of which address, signed so that nobody makes one up."""
    return _stop_signer().sign(f"{customer_pk}-{address_digest(email)}")


def read_opt_out_token(token: str) -> tuple[int, str] | None:
    """The customer's key and the address's digest in a `stop_token`; None if it isn't one of ours."""
    try:
        customer_pk, digest_of_address = _stop_signer().unsign(token).split("-")
    except BadSignature:
        return None
    return int(customer_pk), digest_of_address


def _stop_signer() -> Signer:
    return Signer(salt="reviews.stop", sep=".")
