"""Settings come from the environment alone; what is missing or wrong stops the start and names its variable."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

GOOD = {
    "SECRET_KEY": "a-key-that-is-long-enough-and-not-one-letter-only-0123456789",
    "SITE_URL": "https://portal.example.com",
    "DATABASE_URL": "postgres://portal:secret@db:5432/portal",
    "REDIS_URL": "redis://broker:6379/0",
    "EMAIL_URL": "smtp+tls://portal:secret@mail.example.com:587",
}


def changed(**environment: str | None) -> dict[str, str]:
    """The good values, changed by `environment` (None: not set), and nothing else of this process's."""
    values = {name: value for name, value in {**GOOD, **environment}.items() if value is not None}
    return {**values, "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "partnerportal.settings"}


def run(code: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], env=changed(**environment), capture_output=True, text=True, timeout=60, check=False)


def settings_with(**environment: str | None) -> dict[str, Any]:
    """What a fresh reading of the settings says."""
    values = changed(**environment)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - values:
            patch.delenv(name)
        for name, value in values.items():
            patch.setenv(name, value)
        return runpy.run_path(str(settings.BASE_DIR / "partnerportal" / "settings.py"))


def setting(name: str, **environment: str | None) -> str:
    return str(settings_with(**environment)[name])


@pytest.mark.parametrize("variable", GOOD)
def test_a_missing_variable_is_named(variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=variable):
        setting("DEBUG", **{variable: None})


def test_and_nothing_starts() -> None:
    result = run("import django; django.setup()", SECRET_KEY=None)
    assert result.returncode != 0
    assert "SECRET_KEY" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY_FALLBACKS", "short"),
        ("SITE_URL", "http://portal.example.com"),
        ("SITE_URL", "portal.example.com"),
        ("SITE_URL", "https://portal.example.com/portal"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
        ("REDIS_URL", "nonsense"),
        ("EMAIL_URL", "nonsense"),
        ("DEBUG", "perhaps"),
        ("ADMIN_PATH", ""),
        ("ADMIN_PATH", "admin"),
        ("ADMIN_PATH", "/admin/"),
        ("ADMIN_PATH", "<int:pk>/"),
        ("ADMIN_REQUIRES_MFA", "perhaps"),
        ("OUTBOX_MAX_ATTEMPTS", "many"),
        ("OUTBOX_MAX_ATTEMPTS", "0"),
        ("OUTBOX_RETRY_DELAY", "0"),
        ("OUTBOX_LEASE", "-1"),
        ("OUTBOX_SWEEP_INTERVAL", "0"),
        ("WEB_STATEMENT_TIMEOUT", "-1"),
        ("WORKER_IDLE_TIMEOUT", "ever"),
        ("DATABASE_USES_PGBOUNCER", "perhaps"),
        ("REVIEW_LINK_DAYS", "soon"),
        ("ACCESS_INVITATION_DAYS", "soon"),
        ("ACCESS_INVITATION_DAYS", "0"),
        ("TEAM_INVITATION_DAYS", "0"),
        ("REVIEW_REMINDER_DAYS", "-1"),
        ("REVIEW_REQUEST_COOLDOWN_DAYS", "a while"),
        ("REVIEW_REMINDER_INTERVAL", "0"),
        ("PORTAL_DEMO", "1"),
    ],
)
def test_a_wrong_value_is_named(variable: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=variable):
        setting("DEBUG", **{variable: value})


def test_debug_is_off_unless_asked_for() -> None:
    assert setting("DEBUG") == "False"


@pytest.mark.parametrize(
    "name",
    [
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "LANGUAGE_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "CSRF_COOKIE_HTTPONLY",
        "SECURE_SSL_REDIRECT",
    ],
)
def test_over_https_cookies_are_locked(name: str) -> None:
    assert setting(name) == "True"


def test_only_the_sites_own_host_is_served_and_only_its_own_forms_are_taken() -> None:
    assert setting("ALLOWED_HOSTS") == "['portal.example.com']"
    assert setting("CSRF_TRUSTED_ORIGINS") == "['https://portal.example.com']"


def test_browsers_are_told_to_come_by_https_for_a_year() -> None:
    assert setting("SECURE_HSTS_SECONDS") == str(365 * 24 * 60 * 60)
    # Not to whoever has a portal on this very machine: everything else there would be out of reach.
    assert setting("SECURE_HSTS_SECONDS", SITE_URL="http://localhost:8000") == "0"


def example() -> dict[str, str]:
    """What `.env.example` sets, with secrets filled in."""
    lines = (Path(settings.BASE_DIR) / ".env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    empty = {name for name, value in values.items() if not value}
    assert empty == {"SECRET_KEY", "POSTGRES_PASSWORD"}
    return {name: shlex.split(value)[0] if value else GOOD["SECRET_KEY"] for name, value in values.items()}


def test_the_deployment_check_has_nothing_to_say_to_the_example() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**example(), "PATH": os.environ["PATH"]},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    print(result.stdout, result.stderr)  # noqa: T201
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_the_admin_wants_a_second_factor_but_on_this_very_machine() -> None:
    assert setting("ADMIN_REQUIRES_MFA") == "True"
    assert setting("ADMIN_REQUIRES_MFA", SITE_URL="http://localhost:8000") == "False"
    assert setting("ADMIN_REQUIRES_MFA", SITE_URL="http://localhost:8000", ADMIN_REQUIRES_MFA="1") == "True"


def test_passwords_are_kept_by_argon2() -> None:
    # The tests themselves take a quicker one of the same kind.
    assert setting("PASSWORD_HASHERS").startswith("['django.contrib.auth.hashers.Argon2PasswordHasher'")


def test_behind_a_pooler_no_cursor_outlives_its_transaction() -> None:
    direct, pooled = (settings_with(DATABASE_USES_PGBOUNCER=pooler)["DATABASES"]["default"] for pooler in (None, "1"))
    assert (direct["DISABLE_SERVER_SIDE_CURSORS"], pooled["DISABLE_SERVER_SIDE_CURSORS"]) == (False, True)


def test_the_log_is_for_machines_but_on_this_very_one() -> None:
    assert setting("LOG_FORMAT") == "json"
    assert setting("LOG_FORMAT", SITE_URL="http://localhost:8000") == "line"
    assert setting("LOG_FORMAT", SITE_URL="http://localhost:8000", LOG_FORMAT="json") == "json"


def test_the_admin_is_where_the_environment_says() -> None:
    code = "import django; django.setup(); from django.urls import reverse; print(reverse('admin:index'), reverse('admin:login'))"
    result = run(code, ADMIN_PATH="back-office/x7/")
    assert result.stdout.split() == ["/back-office/x7/", "/back-office/x7/login/"], result.stderr
