"""The secret in the link of an access request (see `partnerportal.tokens`)."""

from partnerportal.tokens import LinkTokens, digest, new_nonce

__all__ = ["digest", "new_nonce", "recover", "token_for"]

_links = LinkTokens("invitations.access-request")
token_for = _links.token_for
recover = _links.recover
