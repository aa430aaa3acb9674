"""The secret in a personal review link (see `partnerportal.tokens`)."""

from partnerportal.tokens import LinkTokens, digest, new_nonce

__all__ = ["digest", "new_nonce", "recover", "token_for"]

_links = LinkTokens("reviews.personal-link")
token_for = _links.token_for
recover = _links.recover
