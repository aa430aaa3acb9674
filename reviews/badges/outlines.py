"""Outlines and widths of texts in the packaged fonts, so that a badge looks the same everywhere and loads no font."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from threading import RLock
from typing import Any
from unicodedata import combining

from PIL import ImageFont

#: Factor by which texts are measured larger than they are drawn, because widths of small fonts are rounded.
_MEASURED = 16
#: Held while a font is read, because fonttools loads tables and glyphs on first use and isn't thread-safe.
_READING = RLock()


@dataclass(frozen=True)
class Face:
    """A font file with a size in pixels and a weight."""

    path: str
    size: float
    weight: int


def width(text: str, face: Face) -> float:
    """Return the width of a text in pixels, with kerning."""
    return sized(face, _MEASURED).getlength(text) / _MEASURED


def can_draw(text: str, face: Face) -> bool:
    """Return whether the font has every character, and none is placed relative to another one."""
    with _READING:
        known = _cmap(face.path)
    return all(ord(char) in known and not combining(char) for char in text)


def shortened(text: str, face: Face, limit: float) -> str:
    """Return the text, cut with an ellipsis if it is wider than the limit in pixels."""
    if width(text, face) <= limit:
        return text
    length = next((length for length in range(len(text), 0, -1) if width(f"{text[:length].rstrip()}…", face) <= limit), 0)
    return f"{text[:length].rstrip()}…"


@cache
def sized(face: Face, scale: int) -> ImageFont.FreeTypeFont:
    """Return the font for Pillow, enlarged by a factor."""
    font = ImageFont.truetype(face.path, face.size * scale)
    # The other axis is the optical size, which stays that of the text on the badge.
    font.set_variation_by_axes(
        [
            face.weight if axis["name"] == b"Weight" else max(axis["minimum"] or 0, min(face.size, axis["maximum"] or face.size))
            for axis in font.get_variation_axes()
        ]
    )
    return font


def outline(text: str, face: Face) -> str:
    """Return the path of a text for SVG. Its origin is the beginning of the baseline."""
    with _READING:
        return "".join(_moved(char, face, place) for char, place in _places(text, face) if not char.isspace())


def _places(text: str, face: Face) -> Iterator[tuple[str, float]]:
    for index, char in enumerate(text):
        yield char, width(text[: index + 1], face) - width(char, face)


def _moved(char: str, face: Face, place: float) -> str:
    from fontTools.pens.svgPathPen import SVGPathPen  # slow to load
    from fontTools.pens.transformPen import TransformPen  # slow to load

    pen = SVGPathPen(None, ntos=lambda number: f"{number:.2f}".rstrip("0").rstrip("."))
    scale = face.size / _font(face.path)["head"].unitsPerEm
    _recorded(char, face).replay(TransformPen(pen, (scale, 0, 0, -scale, place, 0)))
    return str(pen.getCommands())


@lru_cache(maxsize=2048)
def _recorded(char: str, face: Face) -> Any:
    """Return the outline of a character as a recording, in units of the font."""
    from fontTools.pens.recordingPen import DecomposingRecordingPen  # slow to load

    glyphs = _glyphs(face)
    pen = DecomposingRecordingPen(glyphs)
    glyphs[_cmap(face.path)[ord(char)]].draw(pen)
    return pen


@cache
def _glyphs(face: Face) -> Any:
    return _font(face.path).getGlyphSet(location={"wght": face.weight, "opsz": face.size})


@cache
def _cmap(path: str) -> dict[int, str]:
    names: dict[int, str] = _font(path).getBestCmap()
    return names


@cache
def _font(path: str) -> Any:
    from fontTools.ttLib import TTFont  # slow to load

    # Read completely, because the font would keep the file open.
    return TTFont(BytesIO(Path(path).read_bytes()), lazy=True)
