"""Logo processing: uploads are validated by content and re-encoded (docs/decisions/0008)."""

import hashlib
import logging
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import IO

from PIL import Image

from partnerportal.network.models import PartnerProfile, ProfileLogo
from partnerportal.network.services.pictures import encoded, read_picture
from partnerportal.network.tints import tint_of
from partnerportal.outbox.logos import EmailLogo

logger = logging.getLogger(__name__)

#: Maximum size of an upload, in bytes.
MAX_BYTES = 2 * 1024 * 1024
#: Maximum width and height of the stored logo, in pixels.
MAX_SIDE = 512
#: Maximum width and height of a logo in an e-mail, in CSS pixels. The image has twice as many, for sharp screens.
EMAIL_SIZE = (160, 48)
#: White around transparent logos in an e-mail, in CSS pixels: most are made for paper, and e-mail clients can be dark.
PLATE_MARGIN = 6


@dataclass(frozen=True)
class Logo:
    """A logo as stored: a WebP image, its hash, which is part of its address, and its tint."""

    content: bytes
    digest: str
    tint: int | None = None


def process_logo(file: IO[bytes]) -> Logo:
    """Return the uploaded image, upright, scaled down and without metadata. Ignore its file name.

    Raises:
        ValidationError: The file is too large, broken, or not PNG, JPEG or WebP.
    """
    # JPEGs are decoded at twice the size, for a smooth reduction.
    image = read_picture(file, max_bytes=MAX_BYTES, side=MAX_SIDE * 2)
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    content = encoded(image, quality=90)
    return Logo(content, hashlib.sha256(content).hexdigest()[:32], tint_of(image))


def email_logo(agency_id: int) -> EmailLogo | None:
    """Return the logo of a public profile for e-mails in the agency's name."""
    profile = PartnerProfile.objects.public().filter(agency=agency_id).exclude(logo_digest="").only("pk", "logo_digest").first()
    if profile is None:
        return None
    try:
        return _email_logo(profile.pk, profile.logo_digest)
    except ProfileLogo.DoesNotExist:  # replaced at this moment
        return None
    except OSError:
        logger.exception("The logo of agency %s is broken; its e-mails contain its initials", agency_id)
        return None


@lru_cache(maxsize=64)
def _email_logo(profile_id: int, digest: str) -> EmailLogo:
    """Return the stored logo with this hash. Cached, because a worker sends many e-mails of the same agency."""
    stored = ProfileLogo.objects.get(profile=profile_id, digest=digest)
    with Image.open(BytesIO(stored.content), formats=("WEBP",)) as webp:
        margin = PLATE_MARGIN if webp.has_transparency_data else 0
        image = webp.convert("RGBA")
    width, height = EMAIL_SIZE
    image.thumbnail((2 * (width - 2 * margin), 2 * (height - 2 * margin)), Image.Resampling.LANCZOS)
    plate = Image.new("RGB", (image.width + 4 * margin, image.height + 4 * margin), "white")
    plate.paste(image, (2 * margin, 2 * margin), mask=image)
    stream = BytesIO()
    plate.save(stream, "PNG", optimize=True)
    return EmailLogo(stream.getvalue(), digest, *(max(1, side // 2) for side in plate.size))
