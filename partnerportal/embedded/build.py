"""Files generated before the portal starts: translations, compiled without gettext, and static files from packages."""

import hashlib
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from partnerportal.static_files import BUILD_DIR
from partnerportal.static_files.bootstrap import build_bootstrap
from partnerportal.static_files.fonts import build_fonts
from partnerportal.static_files.icons import build_icons

BASE_DIR = Path(__file__).resolve().parents[2]


def compile_translations(locale: Path = BASE_DIR / "locale") -> list[Path]:
    """Compile each .po file that is newer than its .mo file, and return the compiled files."""
    compiled = []
    for source in locale.glob("**/LC_MESSAGES/django.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalog = read_po(file, locale=source.parts[-3])
        # Replaced atomically, because several processes may compile, and any can be killed.
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".half", delete=False) as output:
            write_mo(output, catalog)
        temporary = Path(output.name)
        temporary.chmod(0o644)
        temporary.replace(target)
        compiled.append(target)
    return compiled


def build_static_files(folder: Path = BUILD_DIR) -> None:
    """Write the generated static files that are outdated into a folder."""
    for build in (build_bootstrap, build_icons, build_fonts):
        build(folder)


def static_fingerprint(base: Path = BASE_DIR) -> str:
    """Return a digest of everything that `collectstatic` depends on: files, settings, packages."""
    digest = hashlib.sha256()
    # Excludes the target folder in .portal.
    folders = [base / "static", base / ".build" / "static", *base.glob("[!.]*/static"), *base.glob("partnerportal/*/static")]
    files = [base / "partnerportal" / "settings.py"]
    files += [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in sorted(files):
        status = path.stat()
        digest.update(f"{path.relative_to(base)} {status.st_size} {status.st_mtime_ns}\n".encode())
    digest.update("\n".join(sorted(f"{package.name}=={package.version}" for package in distributions())).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    compile_translations()
    build_static_files()
