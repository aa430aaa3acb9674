"""`PartnerProfile`: an agency's page in the public partner network."""

from typing import Any, ClassVar, Self

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.fields import WebsiteField
from partnerportal.validators import validate_one_line, validate_plain_text


class PartnerProfileQuerySet(models.QuerySet["PartnerProfile"]):
    """Profiles."""

    def public(self) -> Self:
        """Those that the world may see."""
        return self.filter(status=PartnerProfile.Status.REGISTERED)


class PartnerProfile(models.Model):
    """How an agency presents itself; public once an admin has registered it."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        REGISTERED = "registered", _("registered")
        DECLINED = "declined", _("declined")

    agency = models.OneToOneField(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="profile")
    slug = models.SlugField(_("Address"), max_length=80, unique=True)
    claim = models.CharField(_("Claim"), max_length=160, blank=True, validators=[validate_one_line])
    description = models.TextField(_("Description"), max_length=5000, blank=True, validators=[validate_plain_text])
    city = models.CharField(_("City"), max_length=120, blank=True, validators=[validate_one_line])
    website = WebsiteField(_("Website"), max_length=300, blank=True)
    status = models.CharField(_("Status"), max_length=12, choices=Status, default=Status.DRAFT)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    registered_at = models.DateTimeField(_("Registered"), null=True, blank=True)

    objects: ClassVar[PartnerProfileQuerySet] = PartnerProfileQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("partner profile")
        verbose_name_plural = _("partner profiles")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "submitted", "registered", "declined"]), name="profile_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="registered") | Q(registered_at__isnull=False), name="profile_registered_has_its_time"
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("network:profile", args=[self.slug])

    @property
    def is_registered(self) -> bool:
        """Whether the world may see it."""
        return self.status == self.Status.REGISTERED

    @property
    def rating(self) -> Any:
        """The agency's rating summary; None as long as there is no review. (Reviews come after this app: no import.)"""
        try:
            return self.agency.rating_summary or None
        except ObjectDoesNotExist:
            return None
