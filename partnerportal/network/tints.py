"""Tints: the dominant hue of a logo, which colours the agency's public pages.

A tint is a step on the hue circle of OKLCH (https://www.w3.org/TR/css-color-4/#ok-lab), in which colours of the same lightness
look equally light: `static/css/tokens.css` derives all colours of a page from it, and `tests/network/test_tints.py` checks their
contrast.
"""

from math import atan2, cos, hypot, radians, sin

from PIL import Image

#: Number of tints, and the angle between two of them.
TINTS = 12
STEP = 360 // TINTS
#: Chroma below which a colour looks grey.
_MIN_CHROMA = 0.04
#: Share of the visible pixels below which a hue is a detail of a grey logo.
_MIN_SHARE = 0.03
#: Number of colours and the side to which a logo is reduced, in pixels.
_COLOURS, _SIDE = 24, 128
#: Opacity from which a pixel counts as visible.
_VISIBLE = 128

#: Lightness and chroma of the band at the top of a page in the light scheme, and of its accent, as in tokens.css.
_BAND, _ACCENT = (0.29, 0.05), (0.78, 0.1)

Triple = tuple[float, float, float]


def band_colours(tint: int) -> tuple[str, str]:
    """Return the hexadecimal colours of a tinted band and of the accent on it."""
    band, accent = (to_rgb(*kind, tint * STEP) for kind in (_BAND, _ACCENT))
    return _hexadecimal(band), _hexadecimal(accent)


def _hexadecimal(rgb: Triple) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in rgb)


def tint_of(logo: Image.Image) -> int | None:
    """Return the tint of a logo, in which vivid colours outweigh large areas; None for black, white and grey ones."""
    small = logo.convert("RGBA").resize((_SIDE, _SIDE))
    seen = small.getchannel("A").point(lambda opacity: 255 if opacity >= _VISIBLE else 0)
    reduced = small.convert("RGB").quantize(_COLOURS, method=Image.Quantize.FASTOCTREE)
    # Pixels that aren't visible get a colour of their own, which is skipped.
    reduced.paste(255, mask=seen.point(lambda visible: 255 - visible))
    palette, counts = reduced.getpalette() or [], reduced.histogram()[:255]
    weights = [0.0] * TINTS
    for colour, count in enumerate(counts):
        red, green, blue = (palette[3 * colour : 3 * colour + 3] or [0, 0, 0]) if count else (0, 0, 0)
        _lightness, chroma, hue = to_oklch((red / 255, green / 255, blue / 255))
        if chroma >= _MIN_CHROMA and count >= _MIN_SHARE * sum(counts):
            weights[round(hue / STEP) % TINTS] += count * chroma**2
    strongest = max(weights)
    return weights.index(strongest) if strongest else None


def to_oklch(rgb: Triple) -> Triple:
    """Return lightness, chroma and hue (in degrees) of an sRGB colour with channels from 0 to 1."""
    red, green, blue = (channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in rgb)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, hypot(a, b), atan2(b, a) * 180 / 3.141592653589793 % 360


def to_rgb(lightness: float, chroma: float, hue: float) -> Triple:
    """Return the sRGB colour with channels from 0 to 1. Like browsers, cut off what a screen can't show."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055 for value in linear)
    return tuple(min(1.0, max(0.0, value)) for value in (red, green, blue))  # type: ignore[return-value]  # three
