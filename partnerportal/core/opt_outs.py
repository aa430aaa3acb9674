"""Tokens of unsubscribe links, and digests of addresses that opted out."""

from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac

from partnerportal.core.email_addresses import canonical_address


@dataclass(frozen=True)
class OptOutTokens:
    """Digests and tokens for one type of e-mail. The salts separate the types."""

    digest_salt: str
    token_salt: str

    def digest(self, email: str, *, secret: str | None = None) -> str:
        """Return the stored digest of an opted-out address, keyed so that addresses can't be guessed from it."""
        return salted_hmac(self.digest_salt, canonical_address(email), secret=secret, algorithm="sha256").hexdigest()

    def digests(self, email: str) -> list[str]:
        """Return the address's digests under the current and former keys."""
        return [self.digest(email, secret=secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]

    def token(self, customer_pk: int, email: str) -> str:
        """Return the signed token of an e-mail's unsubscribe link, for a customer and address."""
        return self._signer.sign(f"{customer_pk}-{self.digest(email)}")

    def read(self, token: str) -> tuple[int, str] | None:
        """Return the customer's key and the address's digest in an unsubscribe token; None if it is invalid."""
        try:
            customer_pk, digest = self._signer.unsign(token).split("-")
        except BadSignature:
            return None
        return int(customer_pk), digest

    @property
    def _signer(self) -> Signer:
        return Signer(salt=self.token_salt, sep=".")
