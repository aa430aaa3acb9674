"""The sprite: one SVG file with each icon that templates and code name. `{% icon %}` refers to its symbols."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree as ET  # nosec B405
from zipfile import ZipFile

from . import BASE_DIR, BUILD_DIR, digest_of, generate

SPRITE = "icons.svg"
STYLES = ("outline", "solid", "mini", "micro")
#: ID of the symbol of five stars, in a box of 100 × 20, and its path.
FIVE_STARS = "five-stars"
_FIVE_STARS_PATH = "".join(
    f"M{10 + 20 * index} 1.8l2.66 5.39 5.95.86-4.31 4.2 1.02 5.92-5.32-2.8-5.32 2.8 1.02-5.92-4.31-4.2 5.95-.86z" for index in range(5)
)
_NAMESPACE = "http://www.w3.org/2000/svg"
_TAG = re.compile(r'{%\s*icon\s+"([a-z0-9-]+)"(?:\s+\d+\s+"([a-z]+)")?')
_TEXT = re.compile(r'"([a-z0-9-]+)"')


def symbol_id(name: str, style: str) -> str:
    """Return the ID of an icon in the sprite."""
    return name if style == "outline" else f"{style}-{name}"


def build_icons(folder: Path = BUILD_DIR) -> bool:
    """Write the sprite, unless it is up to date. Return whether it was written."""
    sources = list(_sources())
    inputs = digest_of(version("heroicons"), files=[Path(__file__), *sources])
    return generate("icons", inputs, lambda: {SPRITE: sprite(used_icons(sources)).encode()}, folder)


def _sources() -> Iterator[Path]:
    """Return the templates and modules that can name icons."""
    yield from (BASE_DIR / "templates").rglob("*.html")
    for app in BASE_DIR.glob("*/__init__.py"):
        if app.parent.name != "tests":
            yield from (path for path in app.parent.rglob("*.py") if "migrations" not in path.parts)


def used_icons(sources: list[Path]) -> set[tuple[str, str]]:
    """Return the styles and names of the icons that the sources name.

    A text that is an icon's name counts, in outline and in each style that its module names, because
    variables can contain it.
    """
    used = set()
    for path in sources:
        text = path.read_text()
        used |= {(style or "outline", name) for name, style in _TAG.findall(text)}
        others = set(_TEXT.findall(_TAG.sub("", text)))
        styles = {"outline", *others.intersection(STYLES)} if path.suffix == ".py" else {"outline"}
        used |= {(style, name) for style in styles for name in others}
    return used & existing_icons()


@cache
def existing_icons() -> frozenset[tuple[str, str]]:
    """Return the styles and names of all heroicons."""
    with (files("heroicons") / "heroicons.zip").open("rb") as data, ZipFile(data) as archive:
        paths = (Path(name) for name in archive.namelist())
        return frozenset((path.parent.name, path.stem) for path in paths if path.suffix == ".svg")


def sprite(icons: set[tuple[str, str]]) -> str:
    """Return an SVG document with a symbol for each icon and one for the stars, whose colour is that of their place."""
    root = ET.Element("svg", xmlns=_NAMESPACE)
    ET.SubElement(ET.SubElement(root, "symbol", {"id": FIVE_STARS, "viewBox": "0 0 100 20"}), "path", {"d": _FIVE_STARS_PATH})
    with (files("heroicons") / "heroicons.zip").open("rb") as data, ZipFile(data) as archive:
        for style, name in sorted(icons):
            # The file is part of a pinned package.
            drawing = ET.fromstring(archive.read(f"{style}/{name}.svg"))  # noqa: S314  # nosec B314
            attributes = {key: value for key, value in drawing.attrib.items() if key in {"viewBox", "fill", "stroke", "stroke-width"}}
            symbol = ET.SubElement(root, "symbol", {"id": symbol_id(name, style), **attributes})
            for node in drawing.iter():
                node.tag = node.tag.removeprefix(f"{{{_NAMESPACE}}}")
                node.tail = node.text = None
            symbol.extend(drawing)
    return ET.tostring(root, encoding="unicode")
