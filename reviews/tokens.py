"""Tokens of personal review links and unsubscribe links, and digests of opted-out addresses."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

from partnerportal.core.email_addresses import canonical_address
from partnerportal.core.tokens import LinkTokenGenerator

REVIEW_LINKS = LinkTokenGenerator("reviews.personal-link")


def address_digest(email: str, *, secret: str | None = None) -> str:
    """Return the stored digest of an opted-out address, keyed so that addresses can't be guessed from it."""
    return salted_hmac("reviews.no-more-mails", canonical_address(email), secret=secret, algorithm="sha256").hexdigest()


def address_digests(email: str) -> list[str]:
    """Return the address's digests under the current and former keys."""
    return [address_digest(email, secret=secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def opt_out_token(customer_pk: int, email: str) -> str:
    """Return the signed token of an e-mail's unsubscribe link, for a customer and address."""
    return _opt_out_signer().sign(f"{customer_pk}-{address_digest(email)}")


def read_opt_out_token(token: str) -> tuple[int, str] | None:
    """Return the customer's key and the address's digest in an unsubscribe token; None if it is invalid."""
    try:
        customer_pk, digest_of_address = _opt_out_signer().unsign(token).split("-")
    except BadSignature:
        return None
    return int(customer_pk), digest_of_address


def _opt_out_signer() -> Signer:
    return Signer(salt="reviews.stop", sep=".")
