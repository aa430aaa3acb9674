"""Rows with a personal link: whoever has it may open one page about that row (docs/decisions/0002)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from partnerportal.core.tokens import LinkTokenGenerator, hash_token, new_nonce


class PersonalLink(models.Model):
    """The link's nonce, and the digest by which the row is found; never the token itself."""

    #: How this kind's tokens are made.
    token_generator: ClassVar[LinkTokenGenerator]
    #: The name of the address that the link leads to; it takes the token.
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
        """The full address of the page; None once no known key can make it again."""
        token = self.token_generator.recover(self.nonce, self.token_digest)
        return f"{settings.SITE_URL}{reverse(self.url_name, args=[token])}" if token else None

    def replace_lost_link(self) -> None:
        """Create a new link, without saving it, if no known key can recover the present one."""
        if self.link is None:
            self.nonce, self.token_digest = new_nonce(), ""
