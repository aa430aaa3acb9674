"""The secret in a personal review link (see `partnerportal.tokens`), and what stands for an address that wants no more mails."""

from django.utils.crypto import salted_hmac

from partnerportal.tokens import LinkTokens, digest, new_nonce

__all__ = ["address_digest", "digest", "new_nonce", "recover", "token_for"]

_links = LinkTokens("reviews.personal-link")
token_for = _links.token_for
recover = _links.recover


def address_digest(email: str) -> str:
    """What the database keeps of an address that wants no more mails: without the key nobody can try addresses against it."""
    return salted_hmac("reviews.no-more-mails", email.strip().lower(), algorithm="sha256").hexdigest()
