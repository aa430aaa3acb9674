"""Subsets of the typefaces Inter and Source Serif 4, as variable fonts in WOFF2."""

from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import fontpkg_inter
import fontpkg_source_serif_4

from . import BUILD_DIR, digest_of, generate


@dataclass(frozen=True)
class Typeface:
    """A variable font of a package, and what the portal uses of it."""

    #: Family name of the subset. The licence reserves the name “Source” to the original.
    family: str
    package: str
    folder: Path
    source: str
    target: str
    #: Optical size that all texts get, in points. The axis would double the size of the file.
    optical_size: float


SANS = Typeface("Portal Sans", "fontpkg-inter", fontpkg_inter.ROOT, "Inter[opsz,wght].ttf", "portal-sans", 14)
SERIF = Typeface("Portal Serif", "fontpkg-source-serif-4", fontpkg_source_serif_4.ROOT, "SourceSerif4[opsz,wght].ttf", "portal-serif", 20)
TYPEFACES = (SANS, SERIF)
#: Range of weights on the axis of both fonts.
WEIGHTS = (400, 700)
#: Languages with Latin letters (Basic Latin, Latin-1, Latin Extended-A, Romanian, capital ß), spaces, punctuation, €, arrows, signs.
CHARACTERS = frozenset(
    {*range(0x20, 0x7F), *range(0xA0, 0x180), *map(ord, "ȘșȚțẞʼ\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}")}
    | {*range(0x2010, 0x2016), *range(0x2018, 0x201F), *map(ord, "•…‰′″‹›€№™←↑→↓↵−★☆✓")}
)
#: OpenType features: kerning, accents, local letter forms, tabular figures.
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum"]
#: IDs of names in a font: family, full name, PostScript name, typographic family.
_FAMILY_NAMES = (1, 4, 6, 16)
_LICENCE_NAMES = (0, 7, 13, 14)


def build_fonts(folder: Path = BUILD_DIR) -> bool:
    """Write the fonts and their licences, unless they are up to date. Return whether they were written."""
    inputs = digest_of(*(f"{face.package}=={version(face.package)}" for face in TYPEFACES), version("fonttools"), files=[Path(__file__)])
    return generate("fonts", inputs, _render, folder)


def _render() -> dict[str, bytes]:
    files = {f"fonts/{face.target}.woff2": subset(face) for face in TYPEFACES}
    return files | {f"fonts/{face.target}-license.txt": (face.folder / "LICENSE").read_bytes() for face in TYPEFACES}


def subset(face: Typeface) -> bytes:
    """Return the font with only the characters, features and weights above."""
    from fontTools import subset as subsetting  # slow to load
    from fontTools.ttLib import TTFont  # slow to load
    from fontTools.varLib import instancer  # slow to load

    options = subsetting.Options()
    options.layout_features = FEATURES
    options.hinting = options.glyph_names = False
    options.name_IDs = [*_FAMILY_NAMES, *_LICENCE_NAMES]
    output = BytesIO()
    with TTFont(face.folder / "files" / face.source, lazy=True, recalcTimestamp=False) as font:
        _keep_only_digits_tabular(font)
        subsetter = subsetting.Subsetter(options)
        subsetter.populate(unicodes=CHARACTERS)
        subsetter.subset(font)
        instancer.instantiateVariableFont(font, {"opsz": face.optical_size, "wght": WEIGHTS}, inplace=True)
        for record in font["name"].names:
            if record.nameID in _FAMILY_NAMES:
                record.string = face.family.replace(" ", "-") if record.nameID == 6 else face.family
        font.flavor = "woff2"
        font.save(output)
    return output.getvalue()


def _keep_only_digits_tabular(font: Any) -> None:
    """Let tabular figures leave hyphens and points alone, which would stand apart in “K-1001”."""
    digits = {font.getBestCmap()[ord(digit)] for digit in "0123456789"}
    layout = font["GSUB"].table
    features = [record.Feature for record in layout.FeatureList.FeatureRecord if record.FeatureTag == "tnum"]
    lookups = {index for feature in features for index in feature.LookupListIndex}
    for subtable in (table for index in lookups for table in layout.LookupList.Lookup[index].SubTable):
        single = getattr(subtable, "ExtSubTable", subtable)
        single.mapping = {glyph: other for glyph, other in single.mapping.items() if glyph in digits}
