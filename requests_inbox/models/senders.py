"""`Sender`: what an agency thinks of an e-mail address that wrote to it."""

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.email_addresses import without_sub_address
from partnerportal.core.querysets import TenantQuerySet

if TYPE_CHECKING:
    from requests_inbox.models import ContactRequest


def sender_key(email: str) -> str:
    """The address as it is compared: without case, and without the part after a plus, which everybody can vary at will."""
    return without_sub_address(email)


class SenderQuerySet(TenantQuerySet["Sender"]):
    """Senders."""

    def of(self, request: "ContactRequest") -> "SenderQuerySet":
        """The one who wrote this request, if the agency has judged them."""
        return self.filter(agency=request.agency_id, key=request.sender_key)

    def blocked(self) -> "SenderQuerySet":
        """Those of whom nothing is taken any more."""
        return self.filter(standing=Sender.Standing.BLOCKED)


class Sender(models.Model):
    """Somebody whom the agency has judged; who has no row is nobody in particular."""

    class Standing(models.TextChoices):
        FINE = "fine", _("allowed")
        #: What they write lands among the spam.
        SPAM = "spam", _("spam")
        #: What they write is not kept at all.
        BLOCKED = "blocked", _("blocked")

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="senders")
    key = models.CharField(_("Sender"), max_length=254)
    standing = models.CharField(_("Status"), max_length=10, choices=Standing)
    since = models.DateTimeField(_("Since"), default=timezone.now)
    turned_away = models.PositiveIntegerField(_("Blocked messages"), default=0)

    objects: ClassVar[SenderQuerySet] = SenderQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        constraints = [
            models.UniqueConstraint(fields=["agency", "key"], name="sender_once_per_agency"),
            models.CheckConstraint(condition=Q(standing__in=["fine", "spam", "blocked"]), name="sender_standing_is_known"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return f"S-{self.pk}"
