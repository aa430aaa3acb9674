"""Profiles of agencies in the public partner network, and the lists offered in their form."""

from datetime import timedelta
from typing import Any, ClassVar, Self

import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramWordSimilarity
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, npgettext
from django.utils.translation import gettext_lazy as _

from partnerportal.agencies.models import Agency
from partnerportal.core.db_functions import FoldText
from partnerportal.core.fields import AddressField, WebsiteField
from partnerportal.core.validators import validate_one_line, validate_plain_text
from partnerportal.network.models.versions import EVERY_PAGE, agency_of_profile, notes_changes
from partnerportal.network.tints import TINTS

#: Earliest accepted year of foundation. Catches typing mistakes.
OLDEST_YEAR = 1800
#: Maximum number of characters of a search query that are used.
MAX_QUERY_LENGTH = 100
#: Longest reply time that is shown in hours. Longer ones are shown in days.
MAX_REPLY_HOURS = 36
#: Ranking score of agencies without reviews: the prior of 3.5 stars (reviews/models/summary.py), in millionths.
UNRATED_SCORE = 3_500_000
#: Addresses below /partners/ that belong to pages of the network, so that no profile can have them.
RESERVED_SLUGS = ("how-reviews-work", "apply")


def validate_not_in_future(year: int) -> None:
    """Raise ValidationError if the year has not begun."""
    if year > timezone.localdate().year:
        raise ValidationError(_("The year can’t be in the future."), "future")


class ListEntry(models.Model):
    """Base of list entries that admins maintain, with a name in each language. Profiles keep retired entries they have chosen."""

    name_en = models.CharField(_("Name in English"), max_length=80, unique=True, validators=[validate_one_line])
    name_de = models.CharField(_("Name in German"), max_length=80, unique=True, validators=[validate_one_line])
    is_active = models.BooleanField(_("offered"), default=True, help_text=_("Available in profiles and in the directory."))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language."""
        return str(getattr(self, name_column()))


def name_column() -> str:
    """Return the column with the names of list entries in the active language."""
    return "name_de" if (get_language() or "").startswith("de") else "name_en"


class Service(ListEntry):
    """A service that agencies offer, such as web design."""

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        triggers = [notes_changes(str(EVERY_PAGE))]


class SpokenLanguage(ListEntry):
    """A language that agencies speak with their customers."""

    code = models.CharField(_("Code"), max_length=8, unique=True, help_text=_("BCP 47 code, for example de, en, pt-BR"))

    class Meta:
        verbose_name = _("spoken language")
        verbose_name_plural = _("spoken languages")
        triggers = [notes_changes(str(EVERY_PAGE))]


class ProfileStatus(models.TextChoices):
    """Status of a profile: draft → submitted → registered or declined. Declined profiles can be submitted again."""

    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    REGISTERED = "registered", _("registered")
    DECLINED = "declined", _("declined")


class TeamSize(models.TextChoices):
    """Number of people in an agency."""

    ONE = "1", _("1 person")
    FEW = "2-5", _("2 to 5 people")
    SMALL = "6-10", _("6 to 10 people")
    MEDIUM = "11-25", _("11 to 25 people")
    LARGE = "26-50", _("26 to 50 people")
    HUGE = "51+", _("more than 50 people")


class PartnerProfileQuerySet(models.QuerySet[Any]):
    """Profiles, with the search of the directory."""

    def public(self) -> Self:
        """Return registered profiles."""
        return self.filter(status=ProfileStatus.REGISTERED)

    def search(self, query: str) -> Self:
        """Return profiles that contain every word of the query, annotated with `rank` (higher is better).

        Matches in the name rank highest, then those in tagline, city and services, then those in the description.
        If no profile contains every word, similar profiles are returned (pg_trgm word similarity of at least 0.6).
        """
        typed = query.replace("\x00", "")[:MAX_QUERY_LENGTH].split()
        if not typed:
            return self.none().annotate(rank=Value(0))

        def every_word(lookup: str) -> Q:
            return Q(*((lookup, FoldText(Value(word))) for word in typed))

        exact = self.filter(every_word("search_text__contains"))
        if exact.exists():
            in_name, in_lead = every_word("sort_name__contains"), every_word("lead_text__contains")
            return exact.annotate(rank=Case(When(in_name, then=3), When(in_lead, then=2), default=1))
        similarity = TrigramWordSimilarity(FoldText(Value(" ".join(typed))), "lead_text")  # type: ignore[arg-type]  # expressions work, too
        similar = self.filter(every_word("lead_text__trigram_word_similar"))
        return similar.annotate(rank=Cast(similarity * 1000, models.IntegerField()))

    def with_ranking_score(self) -> Self:
        """Annotate `ranking_score`, the field of `RatingSummary`, which this app must not import."""
        score = Coalesce(F("agency__rating_summary__ranking_score"), Value(UNRATED_SCORE), output_field=models.BigIntegerField())
        return self.annotate(ranking_score=score)


#: Former addresses keep redirecting to their profile and can't be used by another one.
KEEPS_ITS_SLUGS = pgtrigger.Trigger(
    name="keeps_its_slugs",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("slug"),  # type: ignore[no-untyped-call]
    when=pgtrigger.After,
    func=pgtrigger.Func(  # type: ignore[no-untyped-call]
        """
        INSERT INTO network_profileslug (slug, profile_id, created_at) VALUES (NEW.slug, NEW.id, now()) ON CONFLICT (slug) DO NOTHING;
        IF NOT EXISTS (SELECT FROM network_profileslug WHERE slug = NEW.slug AND profile_id = NEW.id) THEN
            RAISE unique_violation USING MESSAGE = 'this address belongs to another profile', CONSTRAINT = 'profile_slug_of_another';
        END IF;
        RETURN NULL;
        """
    ),
)


class PartnerProfile(models.Model):
    """The presentation of an agency. Public once an admin has registered it."""

    Status = ProfileStatus

    agency = models.OneToOneField(Agency, verbose_name=_("Agency"), on_delete=models.CASCADE, related_name="profile")
    slug = models.SlugField(_("Profile address"), max_length=80, unique=True)
    tagline = models.CharField(_("Tagline"), max_length=160, blank=True, validators=[validate_one_line])
    description = models.TextField(_("Description"), max_length=5000, blank=True, validators=[validate_plain_text])
    services = models.ManyToManyField(Service, verbose_name=_("Services"), blank=True, related_name="profiles", through="OfferedService")
    languages = models.ManyToManyField(
        SpokenLanguage, verbose_name=_("Languages"), blank=True, related_name="profiles", through="ProfileLanguage"
    )
    city = models.CharField(_("City"), max_length=120, blank=True, validators=[validate_one_line])
    website = WebsiteField(_("Website"), max_length=300, blank=True)
    founded = models.PositiveSmallIntegerField(
        _("Founded"), null=True, blank=True, validators=[MinValueValidator(OLDEST_YEAR), validate_not_in_future]
    )
    team_size = models.CharField(_("Team"), max_length=5, choices=TeamSize, blank=True)
    open_for_clients = models.BooleanField(_("Accepting new clients"), default=True)
    offers_feeds = models.BooleanField(_("Offer reviews as feeds"), default=False, db_default=False)
    #: Sender name and reply address of e-mails to prospects.
    contact_name = models.CharField(_("Contact name"), max_length=100, blank=True, validators=[validate_one_line])
    contact_email = AddressField(_("Contact e-mail"), blank=True)
    privacy_url = WebsiteField(_("Privacy policy"), max_length=300, blank=True)
    #: Content hash of the logo; empty without a logo. The image is stored in `ProfileLogo`, so that lists don't load it.
    logo_digest = models.CharField(max_length=32, blank=True, editable=False)
    #: Hue of the logo, which colours the agency's public pages (partnerportal/network/tints.py); None without a coloured logo.
    tint = models.PositiveSmallIntegerField(null=True, editable=False)
    #: Typical time until the first reply to a contact request; None if there are too few. `requests_inbox` writes it.
    typical_reply = models.DurationField(null=True, editable=False)

    status = models.CharField(_("Status"), max_length=12, choices=ProfileStatus, default=ProfileStatus.DRAFT)
    decline_reason = models.TextField(_("Reason for declining"), max_length=2000, blank=True, validators=[validate_plain_text])
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("Updated"), auto_now=True)
    registered_at = models.DateTimeField(_("Registered"), null=True, blank=True)
    #: Incremented on every change, to detect conflicting edits.
    version = models.PositiveIntegerField(default=1, editable=False)

    #: Columns for sorting, filtering and searching, without accents and case; written by
    #: `update_search_texts` only.
    sort_name = models.TextField(default="", editable=False)
    city_key = models.TextField(default="", editable=False)
    #: Name, tagline, city and services. `search_text` also contains the description.
    lead_text = models.TextField(default="", editable=False)
    search_text = models.TextField(default="", editable=False)

    objects: ClassVar[PartnerProfileQuerySet] = PartnerProfileQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("partner profile")
        verbose_name_plural = _("partner profiles")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ProfileStatus.values), name="profile_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status="registered") | Q(registered_at__isnull=False), name="profile_registered_has_its_time"
            ),
            models.CheckConstraint(condition=Q(decline_reason="") | Q(status="declined"), name="profile_reason_only_if_declined"),
            models.CheckConstraint(condition=Q(team_size__in=["", *TeamSize.values]), name="profile_team_size_is_known"),
            models.CheckConstraint(condition=Q(tint=None) | Q(tint__lt=TINTS), name="profile_tint_is_known"),
            models.CheckConstraint(condition=~Q(slug__in=RESERVED_SLUGS), name="profile_address_is_not_reserved"),
        ]
        indexes = [
            models.Index(fields=["sort_name", "id"], name="profile_by_name", condition=Q(status="registered")),
            models.Index(OpClass("city_key", "text_pattern_ops"), name="profile_by_city"),
            GinIndex(OpClass("search_text", "gin_trgm_ops"), name="profile_search"),
            GinIndex(OpClass("lead_text", "gin_trgm_ops"), name="profile_search_alike"),
        ]
        triggers = [KEEPS_ITS_SLUGS, notes_changes()]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("network:profile", args=[self.slug])

    @property
    def audit_label(self) -> str:
        """The object's label in audit events. It contains no personal data."""
        return self.slug

    @property
    def is_registered(self) -> bool:
        """Whether the profile is public."""
        return self.status == ProfileStatus.REGISTERED

    @property
    def can_be_submitted(self) -> bool:
        """Whether the status allows a submission."""
        return self.status in {ProfileStatus.DRAFT, ProfileStatus.DECLINED}

    @property
    def reply_time(self) -> str:
        """`typical_reply` in full hours or days, rounded up; empty if it is unknown."""
        if self.typical_reply is None:
            return ""
        hours = max(1, -(-self.typical_reply // timedelta(hours=1)))
        if hours <= MAX_REPLY_HOURS:
            return npgettext("replies within", "%(count)d hour", "%(count)d hours", hours) % {"count": hours}
        days = -(-self.typical_reply // timedelta(days=1))
        return npgettext("replies within", "%(count)d day", "%(count)d days", days) % {"count": days}

    @property
    def logo_url(self) -> str:
        """The logo's address, which contains its hash; empty without a logo."""
        return reverse("network:logo", args=[self.slug, self.logo_digest]) if self.logo_digest else ""

    @property
    def rating(self) -> Any:
        """The agency's `RatingSummary`, which this app must not import; None without reviews."""
        try:
            return self.agency.rating_summary or None
        except ObjectDoesNotExist:
            return None


class OfferedService(models.Model):
    """A service of a profile."""

    profile = models.ForeignKey(PartnerProfile, verbose_name=_("Partner profile"), on_delete=models.CASCADE)
    service = models.ForeignKey(Service, verbose_name=_("Service"), on_delete=models.CASCADE)

    class Meta:
        verbose_name = _("offered service")
        verbose_name_plural = _("offered services")
        constraints = [models.UniqueConstraint(fields=["profile", "service"], name="service_offered_once")]
        triggers = [notes_changes(agency_of_profile("profile_id"))]

    def __str__(self) -> str:
        return f"{self.profile_id}: {self.service_id}"


class ProfileLanguage(models.Model):
    """A language of a profile."""

    partnerprofile = models.ForeignKey(PartnerProfile, verbose_name=_("Partner profile"), on_delete=models.CASCADE)
    spokenlanguage = models.ForeignKey(SpokenLanguage, verbose_name=_("spoken language"), on_delete=models.CASCADE)

    class Meta:
        db_table = "network_partnerprofile_languages"
        unique_together = (("partnerprofile", "spokenlanguage"),)
        triggers = [notes_changes(agency_of_profile("partnerprofile_id"))]

    def __str__(self) -> str:
        return f"{self.partnerprofile_id}: {self.spokenlanguage_id}"


class RenamedAgency(Agency):
    """An agency, with the trigger for its name. The model is in an app that must not know this one."""

    class Meta:
        proxy = True
        triggers = [notes_changes("NEW.id", pgtrigger.UpdateOf("name"), pgtrigger.AnyChange("name"))]  # type: ignore[no-untyped-call]


class ProfileLogo(models.Model):
    """The image of a logo, as re-encoded by `process_logo` (docs/decisions/0008)."""

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
    """A current or former address of a profile, which it keeps permanently. Written by a trigger."""

    slug = models.SlugField(_("Profile address"), max_length=80, primary_key=True)
    profile = models.ForeignKey(PartnerProfile, verbose_name=_("Partner profile"), on_delete=models.CASCADE, related_name="slugs")
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)

    class Meta:
        verbose_name = _("profile address")
        verbose_name_plural = _("profile addresses")
        triggers = [pgtrigger.Protect(name="never_changes", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return self.slug
