"""Logos of the demo agencies: northern lights over the sea, and the sun over hills."""

import math
from io import BytesIO

from PIL import Image, ImageDraw

from partnerportal.network.services.logos import Logo, process_logo

SIDE = 512


def demo_logo(slug: str) -> Logo:
    """Return the logo of the agency with this slug."""
    # Drawn at double size, which smooths the edges.
    image = Image.new("RGB", (SIDE * 2, SIDE * 2))
    {"nordlicht": _northern_lights, "suedwind": _sun_over_hills}[slug](ImageDraw.Draw(image), SIDE * 2)
    stream = BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(stream, "PNG")
    stream.seek(0)
    return process_logo(stream)


def _northern_lights(draw: ImageDraw.ImageDraw, side: int) -> None:
    draw.rectangle((0, 0, side, side), "#10243a")
    for rise, colour in ((0.30, "#1f6f6b"), (0.44, "#35a794"), (0.58, "#8fe3c0")):
        draw.polygon(_wave(side, rise, 0.10, 0.16), colour)
    draw.polygon(_wave(side, 0.76, 0.03, side), "#0b1a2b")


def _sun_over_hills(draw: ImageDraw.ImageDraw, side: int) -> None:
    draw.rectangle((0, 0, side, side), "#fbf1dd")
    draw.ellipse((side * 0.26, side * 0.16, side * 0.74, side * 0.64), "#e2762b")
    for rise, colour in ((0.60, "#c9552b"), (0.73, "#8f3a2c"), (0.86, "#4d2531")):
        draw.polygon(_wave(side, rise, 0.04, side), colour)


def _wave(side: int, rise: float, height: float, depth: float) -> list[tuple[float, float]]:
    """Return a wavy band at the height `rise` with the thickness `depth`, as shares of the side."""
    steps = [step / 60 for step in range(61)]
    upper = [(x * side, (rise + height * math.sin(x * 2 * math.pi + rise * 9)) * side) for x in steps]
    return upper + [(x, min(y + depth * side, side)) for x, y in reversed(upper)]
