"""Tokens of personal review links and unsubscribe links, and digests of opted-out addresses."""

from partnerportal.core.opt_outs import OptOutTokens
from partnerportal.core.tokens import LinkTokenGenerator

REVIEW_LINKS = LinkTokenGenerator("reviews.personal-link")
_OPT_OUTS = OptOutTokens("reviews.no-more-mails", "reviews.stop")


def address_digest(email: str, *, secret: str | None = None) -> str:
    """Return the stored digest of an opted-out address, keyed so that addresses can't be guessed from it."""
    return _OPT_OUTS.digest(email, secret=secret)


def address_digests(email: str) -> list[str]:
    """Return the address's digests under the current and former keys."""
    return _OPT_OUTS.digests(email)


def opt_out_token(customer_pk: int, email: str) -> str:
    """Return the signed token of an e-mail's unsubscribe link, for a customer and address."""
    return _OPT_OUTS.token(customer_pk, email)


def read_opt_out_token(token: str) -> tuple[int, str] | None:
    """Return the customer's key and the address's digest in an unsubscribe token; None if it is invalid."""
    return _OPT_OUTS.read(token)
