"""Environment variables of `run` and `exec`."""

import re
import stat
from pathlib import Path

import pytest

from partnerportal.embedded.console import StartupError
from partnerportal.embedded.environment import BASE_DIR, load_config


def given(data_dir: Path, **variables: str) -> dict[str, str]:
    return {"PORTAL_DATA_DIR": str(data_dir), **variables}


def test_default_is_a_local_demo(data_dir: Path) -> None:
    config = load_config(given(data_dir))
    assert config.wants_postgres
    assert config.wants_valkey
    assert config.is_demo
    assert config.env["SITE_URL"] == "http://127.0.0.1:8000"
    assert config.env["EMAIL_URL"] == f"filemail://{data_dir}/mail"
    assert "localhost" in config.env["ALLOWED_HOSTS"]


def test_given_variables_are_kept(data_dir: Path) -> None:
    own = {
        "DATABASE_URL": "postgres://portal@db/portal",
        "REDIS_URL": "redis://broker",
        "SECRET_KEY": "k" * 40,
        "SITE_URL": "https://portal.example.com",
        "EMAIL_URL": "smtp://mail.example.com",
        "ALLOWED_HOSTS": "portal.example.com",
        "PORTAL_DEMO": "0",
        "PORT": "9000",
    }
    config = load_config(given(data_dir, **own))
    assert own.items() <= config.env.items()
    assert not config.wants_postgres
    assert not config.wants_valkey
    assert not (data_dir / "secret_key").exists()


def test_empty_variables_are_ignored(data_dir: Path) -> None:
    config = load_config(given(data_dir, DATABASE_URL="", SECRET_KEY="", PORT=""))
    assert config.wants_postgres
    assert config.port == 8000
    assert len(config.env["SECRET_KEY"]) > 50


def test_variables_in_files_are_given(data_dir: Path) -> None:
    names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EMAIL_URL")
    config = load_config(given(data_dir, **{f"{name}_FILE": f"/run/secrets/{name}" for name in names}))
    assert not config.wants_postgres
    assert not config.wants_valkey
    assert config.env.keys().isdisjoint(names)
    assert not (data_dir / "secret_key").exists()


@pytest.mark.parametrize("reachable", [{"SITE_URL": "https://portal.example.com"}, {"HOST": "0.0.0.0"}, {"HOST": "::"}])  # noqa: S104
def test_reachable_portals_are_no_demo_by_default(data_dir: Path, reachable: dict[str, str]) -> None:
    assert not load_config(given(data_dir, **reachable)).is_demo
    assert load_config(given(data_dir, PORTAL_DEMO="1", **reachable)).is_demo


def test_the_secret_key_is_kept_and_private(data_dir: Path) -> None:
    first = load_config(given(data_dir)).env["SECRET_KEY"]
    assert load_config(given(data_dir)).env["SECRET_KEY"] == first
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80 80", "８０"])
def test_invalid_port_is_named(data_dir: Path, port: str) -> None:
    with pytest.raises(StartupError, match="PORT must be a number from 1 to 65535"):
        load_config(given(data_dir, PORT=port))


def test_example_documents_every_setting() -> None:
    settings = (BASE_DIR / "partnerportal" / "settings.py").read_text()
    example = (BASE_DIR / ".env.example").read_text()
    explained = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", settings)) - explained == set()
    # All secrets in it are invalid.
    assert re.search(r"^SECRET_KEY=$", example, re.MULTILINE)
