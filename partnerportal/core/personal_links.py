"""Personal links, which grant access to one page about a row (docs/decisions/0002)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from partnerportal.core.tokens import LinkTokenGenerator, hash_token, new_nonce


class PersonalLink(models.Model):
    """Stores the nonce of a personal link and the digest of its token, but never the token itself."""

    #: Generator of this model's tokens.
    token_generator: ClassVar[LinkTokenGenerator]
    #: Name of the linked URL pattern, whose argument is the token.
    url_name: ClassVar[str]

    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.token_digest:
            self.token_digest = hash_token(self.token_generator.token_for(self.nonce))
        super().save(*args, **kwargs)

    @property
    def link(self) -> str | None:
        """The absolute URL, or None if no known key recovers the token."""
        token = self.token_generator.recover(self.nonce, self.token_digest)
        return f"{settings.SITE_URL}{reverse(self.url_name, args=[token])}" if token else None

    def replace_lost_link(self) -> None:
        """Create a new link, without saving, if no known key recovers the current one."""
        if self.link is None:
            self.nonce, self.token_digest = new_nonce(), ""
