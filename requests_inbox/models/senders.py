"""Senders of contact requests that an agency has marked as spam, blocked or allowed."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.email_addresses import without_sub_address
from partnerportal.core.querysets import TenantQuerySet


def sender_key(email: str) -> str:
    """Return the address in lower case and without a sub-address, which senders can vary freely."""
    return without_sub_address(email)


class SenderStatus(models.TextChoices):
    """How messages from a sender are treated."""

    FINE = "fine", _("allowed")
    #: Messages are saved as spam.
    SPAM = "spam", _("spam")
    #: Messages are not saved.
    BLOCKED = "blocked", _("blocked")


class SenderQuerySet(TenantQuerySet["Sender"]):
    """Queryset of senders."""

    def blocked(self) -> "SenderQuerySet":
        """Return senders whose messages are not saved."""
        return self.filter(status=SenderStatus.BLOCKED)


class Sender(models.Model):
    """A sender whose status the agency has set. Unknown senders have no row."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="senders")
    key = models.CharField(_("Sender"), max_length=254)
    status = models.CharField(_("Status"), max_length=10, choices=SenderStatus)
    since = models.DateTimeField(_("Since"), default=timezone.now)
    blocked_count = models.PositiveIntegerField(_("Blocked messages"), default=0)

    objects: ClassVar[SenderQuerySet] = SenderQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        constraints = [
            models.UniqueConstraint(fields=["agency", "key"], name="sender_once_per_agency"),
            models.CheckConstraint(condition=Q(status__in=SenderStatus.values), name="sender_standing_is_known"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return f"S-{self.pk}"
