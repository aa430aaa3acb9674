"""Work samples: processing of their pictures; add, change, remove and move them. Each action is one transaction."""

import hashlib
from dataclasses import dataclass
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, When
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from partnerportal.accounts.models import User
from partnerportal.audit.services import record
from partnerportal.core.versions import EditConflict
from partnerportal.network.models import MAX_SAMPLES, PartnerProfile, WorkPicture, WorkSample
from partnerportal.network.services.pictures import encoded, read_picture

#: Maximum size of an upload, in bytes.
MAX_BYTES = 5 * 1024 * 1024
#: Smallest upload, and the two sizes of the stored picture, in pixels. Other proportions are cropped to 3:2.
MIN_SIZE, SMALL, LARGE = (600, 400), (720, 480), (1200, 800)
#: Part of the picture that is kept: the middle, and the top, where screenshots have their content.
_KEPT = (0.5, 0.0)


@dataclass(frozen=True)
class ProcessedPicture:
    """A picture as stored: WebP images in two sizes, and the hash of the large one."""

    large: bytes
    small: bytes
    digest: str


def process_work_picture(file: IO[bytes]) -> ProcessedPicture:
    """Return the uploaded picture cropped to 3:2 in two sizes, without metadata and on white if it is transparent.

    Raises:
        ValidationError: The file is too large, too small, broken, or not PNG, JPEG or WebP.
    """
    image = read_picture(file, max_bytes=MAX_BYTES, side=LARGE[0])
    if image.width < MIN_SIZE[0] or image.height < MIN_SIZE[1]:
        raise ValidationError(_("This image is too small. It must be at least 600 pixels wide and 400 pixels high."), "too_small")
    if image.mode == "RGBA":
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image)
        image = ground
    large, small = (encoded(_cropped(image, size), quality=82) for size in (LARGE, SMALL))
    return ProcessedPicture(large, small, hashlib.sha256(large).hexdigest()[:32])


def _cropped(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the part with the proportions of `size`, scaled down to it. Smaller images aren't enlarged."""
    scale = min(1, image.width / size[0], image.height / size[1])
    return ImageOps.fit(image, (round(size[0] * scale), round(size[1] * scale)), Image.Resampling.LANCZOS, centering=_KEPT)


@transaction.atomic
def add_work(sample: WorkSample, *, profile: PartnerProfile, picture: ProcessedPicture, by: User) -> None:
    """Add a new sample, filled from its form, in the last position.

    Raises:
        ValidationError: The profile has as many samples as it can have, or already shows this picture.
    """
    samples = _locked_samples(profile)
    if len(samples) >= MAX_SAMPLES:
        raise ValidationError(_("A profile shows up to three work samples. Remove one before you add another."), "too_many")
    _ensure_new(picture, samples)
    sample.profile, sample.position, sample.digest = profile, len(samples) + 1, picture.digest
    sample.save(force_insert=True)
    WorkPicture.objects.create(sample=sample, large=picture.large, small=picture.small)
    _record("profile.work_added", profile, by=by)


@transaction.atomic
def change_work(sample: WorkSample, *, changed: list[str], loaded: dict[str, Any], picture: ProcessedPicture | None, by: User) -> None:
    """Save the `changed` fields of a sample, and its new picture if there is one.

    `loaded` contains the stored values that the form compared its input with.

    Raises:
        EditConflict: A stored value differs from `loaded`.
        ValidationError: The profile already shows this picture.
        WorkSample.DoesNotExist: The sample was removed in the meantime.
    """
    samples = _locked_samples(sample.profile)
    stored = next((other for other in samples if other.pk == sample.pk), None)
    if stored is None:
        raise WorkSample.DoesNotExist
    if any(getattr(stored, name) != value for name, value in loaded.items()):
        raise EditConflict(stored)
    if picture and picture.digest != stored.digest:
        _ensure_new(picture, samples)
        sample.digest = picture.digest
        WorkPicture.objects.filter(sample=sample).update(large=picture.large, small=picture.small)
        changed = [*changed, "digest"]
    if changed:
        sample.save(update_fields=changed)
        _record("profile.work_changed", sample.profile, by=by)


@transaction.atomic
def remove_work(sample: WorkSample, *, by: User) -> bool:
    """Remove a sample; those after it move up. Return False if it has been removed already."""
    samples = _locked_samples(sample.profile)
    if sample not in samples:
        return False
    position = samples.index(sample) + 1
    WorkSample.objects.filter(pk=sample.pk).delete()
    WorkSample.objects.filter(profile=sample.profile, position__gt=position).update(position=F("position") - 1)
    _record("profile.work_removed", sample.profile, by=by)
    return True


@transaction.atomic
def move_work(sample: WorkSample, *, up: bool, by: User) -> bool:
    """Move a sample one position up or down. Return False if it has been removed or is already first or last."""
    samples = _locked_samples(sample.profile)
    if sample not in samples:
        return False
    index = samples.index(sample)
    other = index - 1 if up else index + 1
    if other not in range(len(samples)):
        return False
    swapped = Case(When(position=index + 1, then=other + 1), default=index + 1)
    WorkSample.objects.filter(profile=sample.profile, position__in=(index + 1, other + 1)).update(position=swapped)
    _record("profile.work_moved", sample.profile, by=by)
    return True


def _locked_samples(profile: PartnerProfile) -> list[WorkSample]:
    """Return the samples of a profile in order. Concurrent actions on them wait."""
    PartnerProfile.objects.select_for_update(no_key=True).only("pk").get(pk=profile.pk)
    return list(WorkSample.objects.filter(profile=profile).select_related("profile__agency").order_by("position"))


def _ensure_new(picture: ProcessedPicture, samples: list[WorkSample]) -> None:
    if any(sample.digest == picture.digest for sample in samples):
        raise ValidationError({"picture": _("Your profile already shows this picture.")}, "shown")


def _record(action: str, profile: PartnerProfile, *, by: User) -> None:
    # Also dates the profile in the sitemap.
    PartnerProfile.objects.filter(pk=profile.pk).update(updated_at=timezone.now())
    record(action, profile, by=by)
