"""Badges as PNG for e-mail signatures, twice as large as they are shown."""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

from reviews.badges.design import MARK, STAR, Badge, Drawing, arranged
from reviews.badges.outlines import sized

MEDIA_TYPE = "image/png"
#: Pixels of the image for each pixel of the badge.
SCALE = 2
#: Factor by which shapes are drawn larger than the image, for smooth edges.
_FINER = 4


@lru_cache(maxsize=256)
def png(badge: Badge) -> bytes:
    """Return the image of a badge. Its corners are transparent."""
    drawing = arranged(badge)
    size = (drawing.width * SCALE, drawing.height * SCALE)
    image = _shapes(drawing).resize(size, Image.Resampling.BOX)
    pen = ImageDraw.Draw(image)
    for text in drawing.texts:
        pen.text((text.x * SCALE, text.y * SCALE), text.text, font=sized(text.face, SCALE), fill=text.fill, anchor="ls")
    stream = BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _shapes(drawing: Drawing) -> Image.Image:
    theme, unit = drawing.theme, SCALE * _FINER
    # Edges are mixed with the colour of the transparent corners.
    image = Image.new("RGBA", (drawing.width * unit, drawing.height * unit), f"{theme.line}00")
    pen = ImageDraw.Draw(image)
    outside = (0, 0, image.width - 1, image.height - 1)
    pen.rounded_rectangle(outside, drawing.radius * unit, fill=theme.ground, outline=theme.line, width=unit)
    for x, y, width, height in drawing.lines:
        pen.rectangle((x * unit, y * unit, (x + width) * unit - 1, (y + height) * unit - 1), fill=theme.line)
    left, top, height = drawing.mark
    for diamond, fill in zip(MARK, (theme.pale, theme.mark), strict=True):
        pen.polygon(_placed(diamond, left, top, height / 24, unit), fill=fill)
    if drawing.stars is not None:
        left, top, size, filled = drawing.stars
        row = [[(x + 20 * star, y) for x, y in STAR] for star in range(5)]
        mask = Image.new("L", image.size)
        for corners in row:
            ImageDraw.Draw(mask).polygon(_placed(corners, left, top, size / 20, unit), fill=255)
        colours = Image.new("RGBA", image.size, theme.empty)
        colours.paste(theme.star, (0, 0, round((left + filled * size) * unit), image.height))
        image.paste(colours, mask=mask)
    return image


def _placed(corners: Iterable[tuple[float, float]], left: float, top: float, scale: float, unit: int) -> list[tuple[float, float]]:
    return [((left + x * scale) * unit, (top + y * scale) * unit) for x, y in corners]
