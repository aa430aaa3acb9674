"""Logos: what is uploaded is looked into, not believed, and written anew (docs/decisions/0008)."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

#: Bytes of an upload.
MAX_BYTES = 2 * 1024 * 1024
#: Pixels of an upload: a few kB can hold a picture that fills the memory once it is unpacked.
MAX_PIXELS = 25_000_000
#: The stored logo fits into a square of so many pixels.
MAX_SIDE = 512
#: What pillow may take the file for. SVG isn't among them: it can carry scripts.
FORMATS = ("PNG", "JPEG", "WEBP")
MEDIA_TYPE = "image/webp"


@dataclass(frozen=True)
class Logo:
    """A logo as it is stored: a WebP picture, and the hash that stands in its address."""

    content: bytes
    digest: str


def process_logo(file: IO[bytes]) -> Logo:
    """The picture in an uploaded file, whatever its name says: upright, fitted, without metadata.

    Raises:
        ValidationError: too large, no PNG, JPEG or WebP, or broken; in words for the person who chose it.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValidationError(_("This file is too large. The limit is %(limit)s.") % {"limit": filesizeformat(MAX_BYTES)}, "too_large")
    try:
        picture = _fitted(data)
    except ValidationError:
        raise
    except Exception as error:  # a broken or hostile file makes pillow fail in any way there is
        raise ValidationError(_("This file can’t be read as an image. Choose a PNG, JPEG or WebP file."), "no_picture") from error
    stream = BytesIO()
    picture.save(stream, "WEBP", quality=90, method=4)
    content = stream.getvalue()
    return Logo(content, hashlib.sha256(content).hexdigest()[:32])


def _fitted(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        # Only the head is read so far.
        if image.width * image.height > MAX_PIXELS:
            raise ValidationError(_("This image is too large. The limit is 5000 × 5000 pixels."), "too_many_pixels")
        # A JPEG can be unpacked at a fraction of its size.
        image.draft("RGB", (MAX_SIDE * 2, MAX_SIDE * 2))
        upright = ImageOps.exif_transpose(image)
        picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    # Into a new one: what else the file carried (places, cameras, thumbnails) stays behind.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean
