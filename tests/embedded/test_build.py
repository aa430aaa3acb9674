"""Compilation of translations and collection of static files when they are outdated."""

import gettext
import os
from pathlib import Path

from partnerportal.embedded.build import compile_translations, static_fingerprint

CATALOG = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Save"
msgstr "Speichern"
"""


def test_a_translation_is_compiled_when_it_is_newer(tmp_path: Path) -> None:
    source = tmp_path / "de" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(CATALOG)
    target = source.with_suffix(".mo")

    assert compile_translations(tmp_path) == [target]
    assert gettext.translation("django", tmp_path, ["de"]).gettext("Save") == "Speichern"
    assert compile_translations(tmp_path) == []

    os.utime(target, (0, 0))
    assert compile_translations(tmp_path) == [target]
    assert [path.name for path in source.parent.iterdir() if path.suffix not in {".po", ".mo"}] == []


def test_fingerprint_changes_with_sources_but_not_after_collecting(tmp_path: Path) -> None:
    for folder in ("static/css", "partnerportal/desk/static", ".portal/static"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "partnerportal" / "settings.py").touch()
    (tmp_path / "static" / "css" / "portal.css").write_text("a {}")
    before = static_fingerprint(tmp_path)

    (tmp_path / ".portal" / "static" / "portal.css").write_text("a {}")
    assert static_fingerprint(tmp_path) == before

    (tmp_path / "partnerportal" / "desk" / "static" / "star.svg").write_text("<svg/>")
    added = static_fingerprint(tmp_path)
    assert added != before

    (tmp_path / "static" / "css" / "portal.css").write_text("a { color: red }")
    assert static_fingerprint(tmp_path) != added
