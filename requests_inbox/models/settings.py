"""`InboxSettings`: how long settled requests are kept; and who is told of new ones, which each membership knows."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency, Membership, Notification, Role

#: Days for which closed requests and spam are kept where the agency hasn't said otherwise.
DEFAULT_KEEP_DAYS = 180


class InboxSettings(models.Model):
    """What an agency chose; without a row the defaults hold."""

    agency = models.OneToOneField(
        Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, primary_key=True, related_name="inbox_settings"
    )
    keep_days = models.PositiveSmallIntegerField(
        _("Retention (days)"), default=DEFAULT_KEEP_DAYS, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )

    class Meta:
        verbose_name = _("inbox settings")
        verbose_name_plural = _("inbox settings")
        constraints = [
            models.CheckConstraint(condition=Q(keep_days__gte=1, keep_days__lte=3650), name="inbox_settings_keep_days_are_sane"),
        ]

    def __str__(self) -> str:
        return str(self.agency)

    @classmethod
    def of(cls, agency: Agency) -> "InboxSettings":
        """The agency's settings, the default ones (not saved) where it has none."""
        return cls.objects.filter(agency=agency).first() or cls(agency=agency)

    @classmethod
    def told(cls, agency: Agency) -> list[Membership]:
        """Whose mailboxes get the notices: who wants them; owners and managers where nobody does. Nobody who can't sign in any more."""
        members = list(agency.memberships.filter(user__is_active=True).select_related("user").order_by("pk"))
        told = [member for member in members if member.is_notified_about(Notification.REQUESTS)]
        return told or [member for member in members if member.has_role(Role.MANAGER)]
