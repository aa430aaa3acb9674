"""`Agency`, the tenant: every row that staff can see belongs to one. `Membership`: who works there, and as what."""

import zoneinfo
from typing import ClassVar, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from partnerportal.validators import validate_one_line


def validate_time_zone(value: str) -> None:
    """Refuse what isn't a name of the IANA time zone database, such as `Europe/Berlin`.

    Raises:
        ValidationError: no such time zone.
    """
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("No such time zone. It should read like Europe/Berlin."), "time_zone")


_M = TypeVar("_M", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[_M]):
    """Rows that belong to an agency."""

    def for_agency(self, agency: "Agency") -> Self:
        """Only what this agency may see."""
        return self.filter(agency=agency)


class Agency(models.Model):
    """A web agency, the tenant of everything."""

    name = models.CharField(_("Name"), max_length=120, validators=[validate_one_line])
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(_("Time zone"), max_length=64, default=settings.TIME_ZONE, validators=[validate_time_zone])
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="agencies")

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")

    def __str__(self) -> str:
        return self.name

    def has_staff_address(self, email: str) -> bool:
        """Whether this e-mail address is one of the agency's own people, their further addresses included (case ignored)."""
        address = email.strip().lower()
        own = models.Q(user__email=address) | models.Q(user__emailaddress__email=address)
        return bool(address) and self.memberships.filter(own).exists()


class Role(models.TextChoices):
    """What a member may do; each can all that the ones below it can."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    STAFF = "staff", _("Staff")

    def covers(self, other: "Role") -> bool:
        """Whether this role may do what `other` may."""
        order = [Role.STAFF, Role.MANAGER, Role.OWNER]
        return order.index(self) >= order.index(other)


class Membership(models.Model):
    """One person's place in one agency."""

    agency = models.ForeignKey(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("Person"), on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("Role"), max_length=10, choices=Role, default=Role.STAFF)
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)

    objects: ClassVar[models.Manager["Membership"]] = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["agency", "user"], name="membership_once_per_agency"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.agency} · {self.get_role_display()}"

    def may(self, role: Role) -> bool:
        """Whether this member may do what takes `role`."""
        return Role(self.role).covers(role)
