"""Images that represent a public page in link previews of chats and social networks (`og:image`), drawn with Pillow."""

import hashlib
from dataclasses import astuple, dataclass
from decimal import Decimal
from functools import cache as remember
from io import BytesIO
from math import cos, pi, sin
from pathlib import Path

import fontpkg_inter
import fontpkg_source_serif_4
from django.core.cache import cache
from PIL import Image, ImageDraw, ImageFont

from partnerportal.network.tints import band_colours

MEDIA_TYPE = "image/png"
#: Size that the networks recommend, in pixels.
WIDTH, HEIGHT = 1200, 630
#: Incremented when the drawing changes, so that caches fetch the images again.
DESIGN = 2
#: Seconds for which drawn images are kept in the cache.
KEPT_FOR = 60 * 60 * 24 * 7

_INK, _PAPER, _SOFT, _MARK, _STAR, _STAR_EMPTY = "#16212e", "#ffffff", "#b0bbc6", "#6fd3c9", "#f2b134", "#3a4653"
_PLATE = "#f3efe6"
_MARGIN, _LOGO = 90, 150
#: Font files of the public typefaces.
SERIF, SANS = (
    str(next((Path(package.__path__[0]) / "files").glob(f"{name}[[]*.ttf")))
    for package, name in ((fontpkg_source_serif_4, "SourceSerif4"), (fontpkg_inter, "Inter"))
)


@dataclass(frozen=True)
class Preview:
    """What an image says, in the language of its page. `rating` is None without stars; `initials` replace a missing logo."""

    title: str
    text: str
    site: str
    rating: Decimal | None = None
    #: The rating and the number of reviews as text.
    figures: tuple[str, str] = ("", "")
    initials: str = ""
    #: Identifies the logo; its image is only loaded if the preview has to be drawn.
    logo_digest: str = ""
    #: Tint of the logo.
    tint: int | None = None

    @property
    def version(self) -> str:
        """Hash of everything the image shows."""
        return hashlib.sha256(repr((DESIGN, astuple(self))).encode()).hexdigest()[:16]


def kept_image(preview: Preview) -> bytes | None:
    """Return the image if it is in the cache."""
    image: bytes | None = cache.get(_key(preview))
    return image


def draw(preview: Preview, logo: bytes | None = None) -> bytes:
    """Draw the image with the agency's logo (WebP), if it has one, and keep it in the cache."""
    background, mark = (_INK, _MARK) if preview.tint is None else band_colours(preview.tint)
    image = Image.new("RGB", (WIDTH, HEIGHT), background)
    pen = ImageDraw.Draw(image)
    if logo or preview.initials:
        _draw_logo(image, preview, logo)
    top = _MARGIN + _LOGO + 48 if logo or preview.initials else _MARGIN + 60
    title, font = _fitting(preview.title, (76, 64, 54, 46), weight=600)
    for line in title:
        pen.text((_MARGIN, top), line, font=font, fill=_PAPER)
        top += round(font.size * 1.18)
    tagline = sized_font(SERIF, 36, 400)
    for line in _wrapped(preview.text, tagline)[:2]:
        pen.text((_MARGIN, top + 12), line, font=tagline, fill=_SOFT)
        top += 46
    _draw_foot(image, preview, mark)
    stream = BytesIO()
    image.save(stream, "PNG", optimize=True)
    cache.set(_key(preview), stream.getvalue(), KEPT_FOR)
    return stream.getvalue()


def _key(preview: Preview) -> str:
    return f"preview-image:{preview.version}"


def _draw_logo(image: Image.Image, preview: Preview, logo: bytes | None) -> None:
    box = Image.new("RGB", (_LOGO, _LOGO), _PLATE)
    if logo:
        with Image.open(BytesIO(logo)) as stored:
            picture = stored.convert("RGBA")
        picture.thumbnail((_LOGO, _LOGO), Image.Resampling.LANCZOS)
        box.paste(picture, ((_LOGO - picture.width) // 2, (_LOGO - picture.height) // 2), picture)
    else:
        font = sized_font(SANS, 60, 600)
        ImageDraw.Draw(box).text((_LOGO / 2, _LOGO / 2), preview.initials, font=font, fill=_INK, anchor="mm")
    corners = Image.new("L", (_LOGO * 4, _LOGO * 4))
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, _LOGO * 4, _LOGO * 4), radius=26 * 4, fill=255)
    image.paste(box, (_MARGIN, _MARGIN), corners.resize((_LOGO, _LOGO)))


def _draw_foot(image: Image.Image, preview: Preview, mark: str) -> None:
    pen, line = ImageDraw.Draw(image), HEIGHT - _MARGIN
    if preview.rating is not None:
        image.paste(*_stars(preview.rating, 40, (_MARGIN, line - 38)))
        rating, count = preview.figures
        pen.text((_MARGIN + 250, line), rating, font=sized_font(SANS, 40, 600), fill=_PAPER, anchor="ls")
        pen.text((_MARGIN + 330, line), count, font=sized_font(SANS, 32, 400), fill=_SOFT, anchor="ls")
    site = sized_font(SANS, 30, 500)
    pen.text((WIDTH - _MARGIN, line), preview.site, font=site, fill=_SOFT, anchor="rs")
    left = WIDTH - _MARGIN - site.getlength(preview.site) - 34
    pen.polygon([(left, line - 26), (left + 14, line - 11), (left, line + 4), (left - 14, line - 11)], fill=mark)


def _stars(rating: Decimal, size: int, place: tuple[int, int]) -> tuple[Image.Image, tuple[int, int], Image.Image]:
    """Return five stars filled up to the rating, their place and their mask, as arguments of `Image.paste`."""
    scale, step = 4, size + 6
    mask = Image.new("L", (step * 5 * scale, size * scale))
    for star in range(5):
        centre = (star * step + size / 2) * scale, size / 2 * scale
        radii = (size / 2 * scale, size / 4.8 * scale)
        points = [
            (centre[0] + radii[n % 2] * sin(n * pi / 5), centre[1] - radii[n % 2] * cos(n * pi / 5)) for n in range(10)
        ]  # fmt: skip
        ImageDraw.Draw(mask).polygon(points, fill=255)
    colours = Image.new("RGB", (step * 5, size), _STAR_EMPTY)
    whole, rest = divmod(float(rating), 1)
    colours.paste(_STAR, (0, 0, int(whole * step + rest * size), size))
    return colours, place, mask.resize((step * 5, size), Image.Resampling.LANCZOS)


@remember
def sized_font(path: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    """Return a typeface in a size in pixels and a weight."""
    font = ImageFont.truetype(path, size)
    # The other axis is the optical size.
    font.set_variation_by_axes(
        [weight if axis["name"] == b"Weight" else min(size, axis["maximum"] or size) for axis in font.get_variation_axes()]
    )
    return font


def _fitting(text: str, sizes: tuple[int, ...], weight: int) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """Return the text in at most two lines, in the first of these sizes in which it fits; otherwise shortened in the last."""
    for size in sizes:
        font = sized_font(SERIF, size, weight)
        lines = _wrapped(text, font)
        if len(lines) <= 2 and all(font.getlength(line) <= WIDTH - 2 * _MARGIN for line in lines):  # two lines
            return lines, font
    return lines[:2], font


def _wrapped(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """Return the text in lines that fit the image, breaking words that are longer."""
    width, lines = WIDTH - 2 * _MARGIN, [""]
    for word in text.split():
        candidate = f"{lines[-1]} {word}".strip()
        if font.getlength(candidate) <= width:
            lines[-1] = candidate
            continue
        lines.append("")
        for letter in word:
            if font.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return [line for line in lines if line]
