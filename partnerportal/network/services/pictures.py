"""Reading of uploaded pictures, which are validated by content (docs/decisions/0008)."""

from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from partnerportal.core.sizes import file_size

#: Maximum number of pixels of an upload: a file of a few kB can decompress to an image that exhausts the memory.
MAX_PIXELS = 25_000_000
#: Maximum number of scans of a progressive JPEG. Each is as much work as the whole picture; programs write about ten.
MAX_SCANS = 100
#: Marker at the beginning of a scan. Within the data of a scan, FF is followed by 00.
_START_OF_SCAN = b"\xff\xda"
#: Formats that Pillow tries. SVG is excluded because it can contain scripts.
FORMATS = ("PNG", "JPEG", "WEBP")
#: Type of the stored pictures.
MEDIA_TYPE = "image/webp"


def read_picture(file: IO[bytes], *, max_bytes: int, side: int) -> Image.Image:
    """Return the uploaded image, upright and without its palette. Ignore its file name.

    A JPEG can be decoded at a reduced size with at least `side` pixels in width and height.

    Raises:
        ValidationError: The file is too large, broken, or not PNG, JPEG or WebP.
    """
    data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValidationError(_("This file is too large. The limit is %(limit)s.") % {"limit": file_size(max_bytes)}, "too_large")
    try:
        return _decoded(data, side)
    except ValidationError:
        raise
    except Exception as error:  # Pillow raises exceptions of any type for broken or malicious files
        raise ValidationError(_("This file can’t be read as an image. Choose a PNG, JPEG or WebP file."), "no_picture") from error


def _decoded(data: bytes, side: int) -> Image.Image:
    with Image.open(BytesIO(data), formats=FORMATS) as upload:
        # Only the header has been read so far.
        if upload.width * upload.height > MAX_PIXELS:
            raise ValidationError(_("This image is too large. The limit is 5000 × 5000 pixels."), "too_many_pixels")
        if upload.format == "JPEG" and data.count(_START_OF_SCAN) > MAX_SCANS:
            raise ValidationError(_("This file can’t be read as an image. Choose a PNG, JPEG or WebP file."), "too_many_scans")
        upload.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(upload)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def encoded(image: Image.Image, *, quality: int) -> bytes:
    """Return the image as WebP, without metadata of the upload such as locations and thumbnails."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    stream = BytesIO()
    clean.save(stream, "WEBP", quality=quality, method=4)
    return stream.getvalue()
