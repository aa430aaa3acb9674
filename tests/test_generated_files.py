"""Static files generated from packages: typefaces, icons and the used part of Bootstrap; and the weight of the public pages."""

import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import Client
from fontTools.ttLib import TTFont

from partnerportal.embedded.build import build_static_files
from partnerportal.static_files import BUILD_DIR
from partnerportal.static_files.bootstrap import CLASSES, SOURCE, reduced
from partnerportal.static_files.fonts import TYPEFACES
from partnerportal.static_files.icons import SPRITE, used_icons
from tests.cast import Cast

BASE = django_settings.BASE_DIR
#: Kilobytes of all typefaces, and of the style sheets and scripts of a public page (compressed).
FONTS_KB, PUBLIC_KB = 90, 35
#: A text whose widths in the typeface and in its replacement are compared.
SAMPLE = "Die Zusammenarbeit mit der Agentur war sehr angenehm. The customers of an agency review its work."
#: Characters that Source Serif 4 lacks.
NOT_IN_SERIF = set("★☆↵ʼ")


def fonts() -> list[tuple[Any, Path]]:
    return [(face, BUILD_DIR / "fonts" / f"{face.target}.woff2") for face in TYPEFACES]


# --- Typefaces ---------------------------------------------------------------------------------------------------------


def test_fonts_are_small() -> None:
    assert sum(path.stat().st_size for _face, path in fonts()) < FONTS_KB * 1000


def test_fonts_are_variable_and_named_as_the_licence_demands() -> None:
    """“Source” is a reserved name, which a changed font may not have."""
    for face, path in fonts():
        font = TTFont(path)
        assert [(axis.axisTag, axis.minValue, axis.maxValue) for axis in font["fvar"].axes] == [("wght", 400, 700)]
        assert {str(font["name"].getName(number, 3, 1)) for number in (1, 4)} == {face.family}
        licence = (path.parent / f"{face.target}-license.txt").read_text()
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_fonts_contain_the_characters_of_the_texts() -> None:
    texts = "".join(path.read_text() for path in [*(BASE / "templates").rglob("*.html"), *(BASE / "locale").rglob("*.po")])
    letters = {character for character in texts + "ÀŁőșțğ €‚‘„“»×½" if character.isprintable()}
    sans, serif = (set(map(chr, TTFont(path).getBestCmap())) for _face, path in fonts())
    assert letters - sans == set()
    assert letters - serif - NOT_IN_SERIF == set()


def test_tabular_figures_are_only_figures() -> None:
    """A hyphen as wide as a figure would stand apart in “K-1001”."""
    table = TTFont(fonts()[0][1])["GSUB"].table
    features = [record.Feature for record in table.FeatureList.FeatureRecord if record.FeatureTag == "tnum"]
    (index,) = {index for feature in features for index in feature.LookupListIndex}
    (lookup,) = table.LookupList.Lookup[index].SubTable
    assert len(getattr(lookup, "ExtSubTable", lookup).mapping) == 10


REPLACEMENTS = {"Portal Sans Fallback": "LiberationSans-Regular.ttf", "Portal Serif Fallback": "LiberationSerif-Regular.ttf"}


@pytest.mark.parametrize(("name", "face"), list(zip(REPLACEMENTS, TYPEFACES, strict=True)))
def test_replacements_take_the_same_space(name: str, face: Any) -> None:
    """The lines are as high as with the typeface, and, where the replacement is installed, as long."""
    sheet = (BASE / "static" / "css" / "base.css").read_text()
    (rule,) = [rule for rule in re.findall(r"@font-face {(.*?)}", sheet, re.DOTALL) if name in rule]
    adjust, ascent, descent = (
        float(re.findall(rf"{key}: ([\d.]+)%", rule)[0]) / 100 for key in ("size-adjust", "ascent-override", "descent-override")
    )
    font = TTFont(BUILD_DIR / "fonts" / f"{face.target}.woff2")
    em = font["head"].unitsPerEm
    assert ascent * adjust == pytest.approx(font["hhea"].ascent / em, abs=0.01)
    assert descent * adjust == pytest.approx(-font["hhea"].descent / em, abs=0.01)
    installed = list(Path("/usr/share/fonts").rglob(REPLACEMENTS[name]))
    if installed:
        replacement = TTFont(installed[0])
        assert width(replacement) * adjust == pytest.approx(width(font), rel=0.02)


def width(font: Any) -> float:
    cmap, metrics = font.getBestCmap(), font["hmtx"]
    return sum(metrics[cmap[ord(character)]][0] for character in SAMPLE) / font["head"].unitsPerEm


# --- Icons -------------------------------------------------------------------------------------------------------------


def sprite_ids() -> set[str]:
    return set(re.findall(r'<symbol id="([\w-]+)"', (BUILD_DIR / SPRITE).read_text()))


@pytest.mark.parametrize("path", ["/dashboard/", "/customers/", "/requests/", "/company/", "/company/reviews/", "/partners/", "/account/"])
def test_the_sprite_has_the_icons_of_a_page(alice: Client, path: str) -> None:
    shown = set(re.findall(r'<use href="[^"#]+#([\w-]+)"/>', alice.get(path).content.decode()))
    assert shown
    assert shown - sprite_ids() == set()


def test_names_of_icons_are_found(tmp_path: Path) -> None:
    template, module = tmp_path / "page.html", tmp_path / "menu.py"
    template.write_text('{% icon "star" %}{% icon "flag" 16 "micro" %}{% include "x.html" with icon="key" %}{% icon "nothing" %}')
    module.write_text('ITEMS = {"home": "x", "check": "micro"}')
    assert used_icons([template, module]) == {
        ("outline", "star"),
        ("micro", "flag"),
        ("outline", "key"),
        ("outline", "home"),
        ("micro", "home"),
        ("outline", "check"),
        ("micro", "check"),
    }


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(ValueError, match="no heroicon “nothing”"):
        Template('{% icon "nothing" %}').render(Context())
    assert 'width="16"' in Template('{% icon "star" 16 "micro" %}').render(Context())


# --- Bootstrap ---------------------------------------------------------------------------------------------------------


def test_bootstrap_is_reduced_to_the_used_classes() -> None:
    sheet = (BUILD_DIR / "css" / "bootstrap.css").read_text()
    rules = re.sub(r"{[^{}]*}", "{}", sheet[sheet.index("*/") :])
    assert set(re.findall(r"\.([a-z][\w-]*)", rules)) - {"btn-check"} == CLASSES
    assert sheet.startswith("/*!\n * Bootstrap")


def test_reduced_keeps_elements_and_needed_properties() -> None:
    sheet = (
        '@charset "UTF-8";/*! MIT */:root{--bs-a:1px;--bs-b:var(--bs-c);--bs-c:2px;--bs-d:3px}[data-bs-theme=dark]{--bs-d:4px}'
        "h1,.h1{margin:0}.btn,.alert .btn{padding:var(--bs-a)}:not(.btn-check)+.btn:active{color:red}"
        "@media (min-width:1px){.row>*,.card{width:var(--bs-b)}}@media print{.card{color:red}}@keyframes x{to{color:red}}"
    )
    assert reduced(sheet, ":root { --bs-c: 9px; }") == (
        "/*! MIT */\n:root{--bs-a:1px;--bs-b:var(--bs-c);}\nh1{margin:0}\n.btn{padding:var(--bs-a)}\n"
        ":not(.btn-check)+.btn:active{color:red}\n@media (min-width:1px){.row>*{width:var(--bs-b)}}\n"
    )
    assert ".alert" in SOURCE.read_text()


# --- The build ---------------------------------------------------------------------------------------------------------


def test_files_are_written_once(tmp_path: Path) -> None:
    folder = tmp_path / "static"
    build_static_files(folder)
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    assert {str(path) for path in files} == {
        "css/bootstrap.css",
        SPRITE,
        *(f"fonts/{face.target}{end}" for face in TYPEFACES for end in (".woff2", "-license.txt")),
    }
    assert all(path.read_bytes() == (BUILD_DIR / name).read_bytes() for name, path in files.items())
    before = {path: path.stat().st_mtime_ns for path in files.values()}
    build_static_files(folder)
    assert {path: path.stat().st_mtime_ns for path in files.values()} == before


# --- Weight ------------------------------------------------------------------------------------------------------------


class Linked(HTMLParser):
    """Style sheets and scripts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values["rel"] == "stylesheet":
            self.paths.append(str(values["href"]))
        elif tag == "script" and "src" in values:
            self.paths.append(str(values["src"]))


@pytest.mark.parametrize("path", ["/partners/", "/partners/alder/", "/accounts/login/"])
def test_public_pages_are_light(cast: Cast, client: Client, path: str) -> None:
    linked = Linked(client.get(path).content.decode()).paths
    assert linked
    files = [Path(finders.find(name.removeprefix("/static/"))) for name in linked]
    # As gzip, which all browsers accept; Brotli is smaller.
    assert sum(len(zlib.compress(file.read_bytes(), 9)) for file in files) < PUBLIC_KB * 1000
    assert not any("htmx" in name or "bootstrap.bundle" in name for name in linked)


def test_templates_name_existing_files() -> None:
    """The portal fails for a missing file, but the tests' storage doesn't."""
    texts = [path.read_text() for path in (BASE / "templates").rglob("*.html")]
    names = {name for text in texts for name in re.findall(r"""{% static ["']([^"']+)["']""", text)}
    assert {name for name in names if finders.find(name) is None} == set()
