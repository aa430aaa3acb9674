"""`PartnerProfile`: an agency's page in the public partner network, and the lists that its form offers."""

from typing import Any, ClassVar

import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.fields import AddressField, WebsiteField
from partnerportal.core.validators import validate_one_line, validate_plain_text
from partnerportal.network.models import triggers
from partnerportal.network.services.search import PartnerProfileQuerySet

#: No agency is older; a typing mistake is likelier.
OLDEST_YEAR = 1800


def validate_not_in_future(year: int) -> None:
    """Refuse a year that has not begun.

    Raises:
        ValidationError: the year lies ahead.
    """
    if year > timezone.localdate().year:
        raise ValidationError(_("The year can’t be in the future."), "future")


class ListEntry(models.Model):
    """One entry of a list that admins keep, named in each language of the portal. Retired ones stay where they were chosen."""

    name_en = models.CharField(_("Name in English"), max_length=80, unique=True, validators=[validate_one_line])
    name_de = models.CharField(_("Name in German"), max_length=80, unique=True, validators=[validate_one_line])
    is_active = models.BooleanField(_("offered"), default=True, help_text=_("Available in profiles and in the directory."))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return str(getattr(self, name_column()))


def name_column() -> str:
    """The column with the names of list entries in the active language."""
    return "name_de" if (get_language() or "").startswith("de") else "name_en"


class Service(ListEntry):
    """What agencies do: web design, online shops, …"""

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        triggers = triggers.SERVICE


class SpokenLanguage(ListEntry):
    """What agencies speak with their customers."""

    code = models.CharField(_("Code"), max_length=8, unique=True, help_text=_("BCP 47 code, for example de, en, pt-BR"))

    class Meta:
        verbose_name = _("spoken language")
        verbose_name_plural = _("spoken languages")


class PartnerProfile(models.Model):
    """How an agency presents itself; public once an admin has registered it."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        REGISTERED = "registered", _("registered")
        DECLINED = "declined", _("declined")

    class TeamSize(models.TextChoices):
        ONE = "1", _("1 person")
        FEW = "2-5", _("2 to 5 people")
        SMALL = "6-10", _("6 to 10 people")
        MEDIUM = "11-25", _("11 to 25 people")
        LARGE = "26-50", _("26 to 50 people")
        HUGE = "51+", _("more than 50 people")

    agency = models.OneToOneField(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="profile")
    slug = models.SlugField(_("Profile address"), max_length=80, unique=True)
    claim = models.CharField(_("Tagline"), max_length=160, blank=True, validators=[validate_one_line])
    description = models.TextField(_("Description"), max_length=5000, blank=True, validators=[validate_plain_text])
    services = models.ManyToManyField(Service, verbose_name=_("Services"), blank=True, related_name="profiles", through="OfferedService")
    languages = models.ManyToManyField(SpokenLanguage, verbose_name=_("Languages"), blank=True, related_name="profiles")
    city = models.CharField(_("City"), max_length=120, blank=True, validators=[validate_one_line])
    website = WebsiteField(_("Website"), max_length=300, blank=True)
    founded = models.PositiveSmallIntegerField(
        _("Founded"), null=True, blank=True, validators=[MinValueValidator(OLDEST_YEAR), validate_not_in_future]
    )
    team_size = models.CharField(_("Team"), max_length=5, choices=TeamSize, blank=True)
    open_for_clients = models.BooleanField(_("Accepting new clients"), default=True)
    #: Name and reply address that mails to prospects carry.
    contact_name = models.CharField(_("Contact name"), max_length=100, blank=True, validators=[validate_one_line])
    contact_email = AddressField(_("Contact e-mail"), blank=True)
    privacy_url = WebsiteField(_("Privacy policy"), max_length=300, blank=True)
    #: The logo's content hash; the picture itself lies in `ProfileLogo`, so that lists don't load it. Empty: no logo.
    logo_digest = models.CharField(max_length=32, blank=True, editable=False)

    status = models.CharField(_("Status"), max_length=12, choices=Status, default=Status.DRAFT)
    decline_reason = models.TextField(_("Reason for declining"), max_length=2000, blank=True, validators=[validate_plain_text])
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("Updated"), auto_now=True)
    registered_at = models.DateTimeField(_("Registered"), null=True, blank=True)
    #: Counts the changes: who saves an older version than the stored one is told.
    version = models.PositiveIntegerField(default=1, editable=False)

    #: What the directory sorts by, filters by and searches in, without accents and case; written by `triggers`.
    sort_name = models.TextField(default="", editable=False)
    city_key = models.TextField(default="", editable=False)
    #: Name, claim, city and services; in `search_text` stands the description, too.
    lead_text = models.TextField(default="", editable=False)
    search_text = models.TextField(default="", editable=False)

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
            models.CheckConstraint(condition=Q(decline_reason="") | Q(status="declined"), name="profile_reason_only_if_declined"),
            models.CheckConstraint(
                condition=Q(team_size__in=["", "1", "2-5", "6-10", "11-25", "26-50", "51+"]), name="profile_team_size_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["sort_name", "id"], name="profile_by_name", condition=Q(status="registered")),
            models.Index(OpClass("city_key", "text_pattern_ops"), name="profile_by_city"),
            GinIndex(OpClass("search_text", "gin_trgm_ops"), name="profile_search"),
            GinIndex(OpClass("lead_text", "gin_trgm_ops"), name="profile_search_alike"),
        ]
        triggers = triggers.PROFILE

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("network:profile", args=[self.slug])

    @property
    def audit_label(self) -> str:
        """The object's label in audit events; it contains no personal data."""
        return self.slug

    @property
    def is_registered(self) -> bool:
        """Whether the world may see it."""
        return self.status == self.Status.REGISTERED

    @property
    def may_submit(self) -> bool:
        """Whether its state lets the agency ask for its registration."""
        return self.status in {self.Status.DRAFT, self.Status.DECLINED}

    @property
    def logo_url(self) -> str:
        """The logo's address, which changes with its content; empty where there is none."""
        return reverse("network:logo", args=[self.slug, self.logo_digest]) if self.logo_digest else ""

    @property
    def rating(self) -> Any:
        """The agency's rating summary; None as long as there is no review. (Reviews come after this app: no import.)"""
        try:
            return self.agency.rating_summary or None
        except ObjectDoesNotExist:
            return None


class OfferedService(models.Model):
    """That a profile names a service. A model of its own for its triggers: profiles are found by their services, too."""

    profile = models.ForeignKey(PartnerProfile, verbose_name=_("Partner profile"), on_delete=models.CASCADE)
    service = models.ForeignKey(Service, verbose_name=_("Service"), on_delete=models.CASCADE)

    class Meta:
        verbose_name = _("offered service")
        verbose_name_plural = _("offered services")
        constraints = [models.UniqueConstraint(fields=["profile", "service"], name="service_offered_once")]
        triggers = triggers.OFFERED_SERVICE

    def __str__(self) -> str:
        return f"{self.profile_id}: {self.service_id}"


class ProfileLogo(models.Model):
    """The picture of a logo, as `logos.read_logo` has written it anew (docs/decisions/0008)."""

    profile = models.OneToOneField(
        PartnerProfile, verbose_name=_("Partner profile"), on_delete=models.CASCADE, primary_key=True, related_name="logo"
    )
    digest = models.CharField(_("Content hash"), max_length=32)
    content = models.BinaryField()
    updated_at = models.DateTimeField(_("Updated"), auto_now=True)

    class Meta:
        verbose_name = _("logo")
        verbose_name_plural = _("logos")

    def __str__(self) -> str:
        return self.digest


class ProfileSlug(models.Model):
    """An address that a profile has or had: it leads to the profile for good, and is nobody else's. Written by a trigger."""

    slug = models.SlugField(_("Profile address"), max_length=80, primary_key=True)
    profile = models.ForeignKey(PartnerProfile, verbose_name=_("Partner profile"), on_delete=models.CASCADE, related_name="slugs")
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)

    class Meta:
        verbose_name = _("profile address")
        verbose_name_plural = _("profile addresses")
        triggers = [pgtrigger.Protect(name="never_changes", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return self.slug


class NamedAgency(Agency):
    """`Agency` with our trigger: profiles are found by the agency's name. (Agencies come before this app and can't know it.)"""

    class Meta:
        proxy = True
        triggers = triggers.AGENCY
