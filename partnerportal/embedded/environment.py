"""Environment variables for the settings: the caller's, completed with defaults for this machine."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from .console import StartupError
from .paths import locked, open_data_dir, private_folder

BASE_DIR = Path(__file__).resolve().parents[2]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
YES = {"1", "true", "on", "yes", "y", "ok"}


@dataclass(frozen=True)
class LaunchConfig:
    """Configuration of one run of the portal or of a command."""

    data_dir: Path
    host: str
    port: int
    #: Environment of started processes. Lacks the URLs of embedded servers until these are running.
    env: dict[str, str]
    wants_postgres: bool
    wants_valkey: bool

    @property
    def is_demo(self) -> bool:
        return self.env["PORTAL_DEMO"].lower() in YES

    @property
    def is_debug(self) -> bool:
        return self.env.get("DEBUG", "").lower() in YES


def load_config(environ: Mapping[str, str]) -> LaunchConfig:
    """Complete the caller's variables, ignoring empty ones. Raise StartupError if one is invalid."""
    given = {name: value for name, value in environ.items() if value}
    # Also those whose value is in a file (NAME_FILE).
    set_by_caller = {name.removesuffix("_FILE") for name in given}
    data_dir = open_data_dir(Path(given.get("PORTAL_DATA_DIR", BASE_DIR / ".portal")))
    host = given.get("HOST", "127.0.0.1")
    port = _port(given.get("PORT", "8000"))
    env = {
        "SITE_URL": f"http://127.0.0.1:{port}",
        **({} if "EMAIL_URL" in set_by_caller else {"EMAIL_URL": f"filemail://{quote(str(data_dir / 'mail'))}"}),
        "PYTHONUNBUFFERED": "1",
        **given,
        "HOST": host,
        "PORT": str(port),
        "PORTAL_DATA_DIR": str(data_dir),
    }
    private_folder(data_dir / "mail")
    if "SECRET_KEY" not in set_by_caller:
        env["SECRET_KEY"] = _secret_key(data_dir / "secret_key")
    on_loopback = urlsplit(env["SITE_URL"]).hostname in LOOPBACK and host in LOOPBACK
    # The demo's passwords are public, so only a portal that others can't reach loads it.
    env.setdefault("PORTAL_DEMO", "1" if on_loopback else "0")
    if on_loopback:
        env.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
    return LaunchConfig(
        data_dir=data_dir,
        host=host,
        port=port,
        env=env,
        wants_postgres="DATABASE_URL" not in set_by_caller,
        wants_valkey="REDIS_URL" not in set_by_caller,
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise StartupError(f"PORT must be a number from 1 to 65535, not “{text}”")
    return int(text)


def _secret_key(path: Path) -> str:
    """Return the data folder's secret key. Created once, because it also decrypts stored data."""
    with locked(path.with_name("servers.lock")):
        if not path.exists():
            temporary = path.with_suffix(".new")
            temporary.unlink(missing_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
            temporary.replace(path)
        return path.read_text().strip()
