"""What is made from the sources before the portal runs: compiled translations and collected static files.

As a program (`python -m partnerportal.embedded.build`) it compiles the translations, without the gettext tools.
"""

import hashlib
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

BASE_DIR = Path(__file__).resolve().parents[2]


def compile_translations(locale: Path = BASE_DIR / "locale") -> list[Path]:
    """Compile each .po file that is newer than its .mo file; those that were compiled."""
    compiled = []
    for source in locale.glob("**/LC_MESSAGES/django.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalog = read_po(file, locale=source.parts[-3])
        # Whole or not at all: two may do this at once, and a killed one leaves nothing that passes for new.
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".half", delete=False) as made:
            write_mo(made, catalog)
        half = Path(made.name)
        half.chmod(0o644)
        half.replace(target)
        compiled.append(target)
    return compiled


def static_fingerprint(base: Path = BASE_DIR) -> str:
    """Changes with everything that collecting the static files depends on: our own files, the settings, the packages."""
    digest = hashlib.sha256()
    # Not the folder they are collected into, in .portal.
    folders = [base / "static", *base.glob("[!.]*/static"), *base.glob("partnerportal/*/static")]
    files = [base / "partnerportal" / "settings.py"]
    files += [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in sorted(files):
        found = path.stat()
        digest.update(f"{path.relative_to(base)} {found.st_size} {found.st_mtime_ns}\n".encode())
    digest.update("\n".join(sorted(f"{package.name}=={package.version}" for package in distributions())).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    compile_translations()
