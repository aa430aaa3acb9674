"""Inbox settings of an agency."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, Membership, Mode, Notification
from partnerportal.agencies.queries import active_members


class InboxSettings(models.Model):
    """Inbox settings of an agency. Agencies without a row use the defaults."""

    agency = models.OneToOneField(
        Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, primary_key=True, related_name="inbox_settings"
    )
    #: Days after which closed requests and spam are deleted.
    retention_days = models.PositiveSmallIntegerField(
        _("Retention (days)"), default=180, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )

    class Meta:
        verbose_name = _("inbox settings")
        verbose_name_plural = _("inbox settings")
        constraints = [
            models.CheckConstraint(condition=Q(retention_days__gte=1, retention_days__lte=3650), name="inbox_settings_keep_days_are_sane"),
        ]

    def __str__(self) -> str:
        return str(self.agency)

    @classmethod
    def for_agency(cls, agency: Agency) -> "InboxSettings":
        """Return the agency's settings, or unsaved default settings if it has none."""
        return cls.objects.filter(agency=agency).first() or cls(agency=agency)

    @classmethod
    def notified_members(cls, agency: Agency) -> list[Membership]:
        """Return the members notified immediately about new requests. If no one is notified at all, owners and managers are."""
        return cls.notified_among(active_members(agency))

    @staticmethod
    def notified_among(members: list[Membership]) -> list[Membership]:
        """Return those of an agency's active members who are notified immediately about new requests."""
        if all(member.is_notified_about(Notification.REQUESTS, mode=Mode.OFF) for member in members):
            return [member for member in members if member.is_manager]
        return [member for member in members if member.is_notified_about(Notification.REQUESTS)]
