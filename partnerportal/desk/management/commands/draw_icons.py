"""Draw the product’s bitmap icons from its SVG icon, for browsers and systems that need them."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from PIL import Image, ImageColor, ImageDraw

STATIC = settings.BASE_DIR / "static"
SVG = STATIC / "img" / "favicon.svg"
#: Side lengths of the images in the ICO file, in pixels.
ICO_SIDES = (16, 32, 48)
#: Side length in pixels of each PNG file, and whether its corners are rounded.
PNG_FILES = {
    "apple-touch-icon.png": (180, False),
    "icon-192.png": (192, True),
    "icon-512.png": (512, True),
    "icon-maskable-192.png": (192, False),
    "icon-maskable-512.png": (512, False),
}
#: Names under which iPhones request the touch icon at the root when a page links none.
ROOT_PNG_FILES = ("apple-touch-icon.png", "apple-touch-icon-precomposed.png")
#: Factor by which icons are drawn larger and then reduced.
OVERSAMPLING = 8


class Command(BaseCommand):
    """Command that writes the icons to `static/`."""

    help = "Draw the bitmap icons in static/ from static/img/favicon.svg. Needed only after a change of that file."

    def handle(self, *args: Any, **options: Any) -> None:
        for path, image in icons().items():
            if path.suffix == ".ico":
                smaller = [draw_icon(side, rounded=True) for side in ICO_SIDES]
                image.save(path, sizes=[(side, side) for side in ICO_SIDES], append_images=smaller)
            else:
                image.save(path, optimize=True)
            self.stdout.write(f"{path.relative_to(settings.BASE_DIR)}: {path.stat().st_size} bytes")


def icons() -> dict[Path, Image.Image]:
    """Return all icons by path; for the ICO file, its largest image."""
    drawn = {STATIC / "img" / name: draw_icon(side, rounded=rounded) for name, (side, rounded) in PNG_FILES.items()}
    touch_icon = drawn[STATIC / "img" / "apple-touch-icon.png"]
    at_root = {STATIC / "root" / name: touch_icon for name in ROOT_PNG_FILES}
    return {STATIC / "root" / "favicon.ico": draw_icon(max(ICO_SIDES), rounded=True), **at_root, **drawn}


def draw_icon(side: int, *, rounded: bool) -> Image.Image:
    """Draw the SVG icon, which consists of one square and polygons.

    The polygons are within the safe zone of maskable icons, a circle with 80 % of the width.
    """
    svg = SVG.read_text()
    (width, radius, ground) = re.findall(r'<rect width="(\d+)" height="\d+" rx="(\d+)" fill="(#\w+)"/>', svg)[0]
    scale, large = side * OVERSAMPLING / int(width), (side * OVERSAMPLING,) * 2
    image = Image.new("RGB", large, ground)
    for colour, opacity, steps in re.findall(r'<path fill="(#\w+)"(?: opacity="([\d.]+)")? d="M([^"]+)z"/>', svg):
        shape = Image.new("L", large)
        ImageDraw.Draw(shape).polygon(_corners(steps, scale), fill=round(255 * float(opacity or 1)))
        image.paste(ImageColor.getrgb(colour), mask=shape)
    image = image.reduce(OVERSAMPLING)
    if rounded:
        corners = Image.new("L", large)
        ImageDraw.Draw(corners).rounded_rectangle((0, 0, large[0] - 1, large[1] - 1), int(radius) * scale, fill=255)
        image.putalpha(corners.reduce(OVERSAMPLING))
    return image


def _corners(steps: str, scale: float) -> list[tuple[float, float]]:
    """Return the corners of a relative path such as `20 8l6.4 8-6.4 8`."""
    numbers = [float(number) * scale for number in re.findall(r"-?[\d.]+", steps)]
    x = y = 0.0
    corners = []
    for step_x, step_y in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = x + step_x, y + step_y
        corners.append((x, y))
    return corners
