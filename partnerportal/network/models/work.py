"""Work samples on the profile of an agency."""

from django.db import models
from django.db.models import Deferrable, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partnerportal.core.fields import WebsiteField
from partnerportal.core.validators import validate_one_line
from partnerportal.network.models.profiles import PartnerProfile
from partnerportal.network.models.versions import agency_of_profile, notes_changes

#: Maximum number of work samples on a profile.
MAX_SAMPLES = 3


class WorkSample(models.Model):
    """A picture of an agency's work with its title. The picture is stored in `WorkPicture`, so that profiles don't load it."""

    profile = models.ForeignKey(PartnerProfile, verbose_name=_("Partner profile"), on_delete=models.CASCADE, related_name="work_samples")
    position = models.PositiveSmallIntegerField(_("Position"), editable=False)
    title = models.CharField(_("Title"), max_length=80, validators=[validate_one_line])
    link = WebsiteField(_("Link"), max_length=300, blank=True)
    alt_text = models.CharField(_("Alternative text"), max_length=200, validators=[validate_one_line])
    #: Content hash of the picture.
    digest = models.CharField(max_length=32, editable=False)

    class Meta:
        verbose_name = _("work sample")
        verbose_name_plural = _("work samples")
        ordering = ("position",)
        constraints = [
            models.CheckConstraint(condition=Q(position__range=(1, MAX_SAMPLES)), name="work_position_from_1_to_3"),
            # Deferred, so that samples can swap their positions.
            models.UniqueConstraint(fields=["profile", "position"], name="work_once_each_position", deferrable=Deferrable.DEFERRED),
            models.UniqueConstraint(fields=["profile", "digest"], name="work_shown_once"),
        ]
        triggers = [notes_changes(agency_of_profile("profile_id"))]

    def __str__(self) -> str:
        return self.title

    @property
    def alt(self) -> str:
        """The alternative text beside the title; empty if it only repeats it."""
        return "" if self.alt_text.casefold() == self.title.casefold() else self.alt_text

    @property
    def small_url(self) -> str:
        """The address of the small picture, which contains its hash."""
        return reverse("network:work_picture", args=[self.profile.slug, self.digest, "small"])

    @property
    def large_url(self) -> str:
        """The address of the large picture, which contains its hash."""
        return reverse("network:work_picture", args=[self.profile.slug, self.digest, "large"])


class WorkPicture(models.Model):
    """The picture of a work sample in two sizes, as re-encoded by `process_work_picture` (docs/decisions/0008)."""

    sample = models.OneToOneField(
        WorkSample, verbose_name=_("work sample"), on_delete=models.CASCADE, primary_key=True, related_name="picture"
    )
    large = models.BinaryField()
    small = models.BinaryField()

    class Meta:
        verbose_name = _("picture of a work sample")
        verbose_name_plural = _("pictures of work samples")

    def __str__(self) -> str:
        return str(self.sample_id)
