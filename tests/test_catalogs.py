"""German catalogs: completeness, consistency and formal address."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import allauth
import pytest
from babel.messages import Message
from django.conf import settings

from tests.test_german import FAMILIAR, FOR_ALLAUTH, OURS, catalog, forms, messages

ALLAUTHS_OWN = Path(allauth.__file__).parent / "locale" / "de" / "LC_MESSAGES" / "django.po"
#: Placeholders and tags that translations must keep: %(name)s, %d, {name}, <em>. Percent signs are doubled.
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}|</?[a-z][^>]*>")


def key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, forms(message.id)


def reads_like(message: Message) -> str:
    return " / ".join(forms(message.id))


@pytest.mark.parametrize("path", [OURS, FOR_ALLAUTH], ids=["ours", "allauth"])
def test_every_message_is_translated(path: Path) -> None:
    assert [reads_like(message) for message in messages(path) if not all(forms(message.string)) or message.fuzzy] == []
    assert list(catalog(path).obsolete) == [], "delete what no source has any more (#~)"


@pytest.mark.parametrize("path", [OURS, FOR_ALLAUTH], ids=["ours", "allauth"])
def test_every_translation_keeps_its_placeholders(path: Path) -> None:
    for message in messages(path):
        # A singular form can omit the number.
        for english, german_text in zip(forms(message.id), forms(message.string), strict=True):
            assert Counter(PLACEHOLDER.findall(german_text)) == Counter(PLACEHOLDER.findall(english)), reads_like(message)
            # Leading and trailing characters must match the surrounding text.
            assert english.endswith("\n") == german_text.endswith("\n") and english.startswith("\n") == german_text.startswith("\n")


@pytest.mark.parametrize("path", [OURS, FOR_ALLAUTH], ids=["ours", "allauth"])
def test_german_punctuation_and_address(path: Path) -> None:
    texts = [text for message in messages(path) for text in forms(message.string)]
    assert [text for text in texts if FAMILIAR.search(text)] == [], "we say Sie"
    assert [text for text in texts if re.search(r"\bE?mail(s|-?adresse)?\b", text)] == [], "we write E-Mail"
    assert [text for text in texts if "”" in text or text.count("„") != text.count("“")] == [], "we quote „so“"
    assert [text for text in texts if "..." in text or "  " in text or text != text.lstrip()] == []


@pytest.mark.parametrize("path", [OURS, FOR_ALLAUTH], ids=["ours", "allauth"])
def test_catalogs_contain_no_author(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for field in ("Project-Id-Version: partnerportal", "Language: de", "Plural-Forms: nplurals=2; plural=(n != 1);"):
        assert f'"{field}\\n"' in text
    assert re.findall(r"[\w.]+@[\w.]+", text) == []
    # Line numbers would change too often.
    assert re.findall(r"^#: .*:\d+.*$", text, re.MULTILINE) == []
    assert all((settings.BASE_DIR / name).is_file() for message in messages(path) for name, _ in message.locations)


def test_overridden_messages_exist_in_allauth() -> None:
    theirs = {key(message) for message in messages(ALLAUTHS_OWN)}
    assert [reads_like(message) for message in messages(FOR_ALLAUTH) if key(message) not in theirs] == []


@pytest.mark.skipif(
    shutil.which("xgettext") is None and not os.environ.get("CI"), reason="needs the gettext tools (Debian: apt install gettext)"
)
def test_catalog_matches_the_sources(tmp_path: Path) -> None:
    assert shutil.which("xgettext"), "The gettext tools are missing; .ci/run installs them."
    # Works on a copy, because makemessages changes the catalog.
    skipped = shutil.ignore_patterns(".*", "__pycache__", "tests", "locale", "docs", "test-results")
    copy = shutil.copytree(settings.BASE_DIR, tmp_path / "copy", ignore=skipped)
    (copy / "locale").mkdir()
    command = ["manage.py", "makemessages", "--locale", "de", "--no-wrap", "--add-location", "file"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "partnerportal.settings"}
    result = subprocess.run([sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    fresh = {key(message) for message in messages(copy / OURS.relative_to(settings.BASE_DIR))}
    kept = {key(message) for message in messages(OURS)}
    assert len(fresh) > 300
    assert (fresh - kept, kept - fresh) == (set(), set()), "make messages, then translate what is new in locale/de"


_CALLS = ("gettext", "ngettext", "pgettext", "npgettext")
GETTEXT = {"_", *_CALLS, *(f"{name}_lazy" for name in _CALLS)}


def gettext_calls_in_f_strings(source: str) -> list[int]:
    """Return the lines of f-strings that call gettext: xgettext ignores them."""
    f_strings = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr)]
    calls = [call for f_string in f_strings for call in ast.walk(f_string) if isinstance(call, ast.Call)]
    return [call.lineno for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) in GETTEXT]


def test_no_f_string_calls_gettext() -> None:
    assert gettext_calls_in_f_strings("f'{_(\"a\")}'\n_('b')\nf'{x.gettext(\"c\")}'") == [1, 3]
    folders = ("partnerportal", "customers", "requests_inbox", "invitations", "reviews")
    sources = [path for folder in folders for path in (settings.BASE_DIR / folder).rglob("*.py")]
    assert len(sources) > 200
    calls = {path: gettext_calls_in_f_strings(path.read_text(encoding="utf-8")) for path in sources}
    assert {str(path.relative_to(settings.BASE_DIR)): lines for path, lines in calls.items() if lines} == {}
