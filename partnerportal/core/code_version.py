"""Version of the running code, which is part of the ETags of public pages."""

import hashlib
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings

#: Folders besides those of the apps. The requirements name the versions of the libraries.
_FOLDERS = {"templates", "locale", "requirements"}
_SUFFIXES = {".py", ".html", ".txt", ".mo"}


def code_version() -> str:
    """Return a digest of code, templates, translations, static files and settings, which is the same in all processes.

    In development mode, in which templates change while a process runs, each call returns another one.
    """
    return secrets.token_hex(6) if settings.DEBUG else _digest()


@cache
def _digest() -> str:
    shown_settings = (settings.SITE_URL, settings.IMPRINT_URL, settings.PRIVACY_URL)
    digest = hashlib.sha256(repr(shown_settings).encode())
    for file in _files():
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _files() -> Iterator[Path]:
    paths = [Path(app.path) for app in apps.get_app_configs()]
    own = {path.relative_to(settings.BASE_DIR).parts[0] for path in paths if path.is_relative_to(settings.BASE_DIR)}
    for folder in sorted(_FOLDERS | {name for name in own if not name.startswith(".")}):
        yield from sorted(file for file in (settings.BASE_DIR / folder).rglob("*") if file.suffix in _SUFFIXES)
    # The hashed names of the static files.
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.exists():
        yield manifest
