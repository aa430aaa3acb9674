"""Settings from environment variables: missing, invalid and default values."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from partnerportal.environment import SECRETS

GOOD = {
    "SECRET_KEY": "a-key-that-is-long-enough-and-not-one-letter-only-0123456789",
    "SITE_URL": "https://portal.example.com",
    "DATABASE_URL": "postgres://portal:secret@db:5432/portal",
    "REDIS_URL": "redis://broker:6379/0",
    "EMAIL_URL": "smtp+tls://portal:secret@mail.example.com:587",
}


def changed(**environment: str | None) -> dict[str, str]:
    """Return the environment of valid values, changed by `environment` (None: not set)."""
    values = {name: value for name, value in {**GOOD, **environment}.items() if value is not None}
    return {**values, "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "partnerportal.settings"}


def run(code: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run `code` in a new interpreter."""
    return subprocess.run([sys.executable, "-c", code], env=changed(**environment), capture_output=True, text=True, timeout=60, check=False)


def settings_with(**environment: str | None) -> dict[str, Any]:
    """Return the settings for an environment."""
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
def test_missing_variable_is_named(variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=variable):
        setting("DEBUG", **{variable: None})


def test_missing_variable_prevents_the_start() -> None:
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
        ("IMPRINT_URL", "example.com/imprint"),
        ("PRIVACY_URL", "javascript:alert(1)"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
        ("REDIS_URL", "nonsense"),
        ("EMAIL_URL", "nonsense"),
        ("EMAIL_URL", "smtp+tls://"),
        ("EMAIL_URL", "smtp+tls://portal:pa#ss@mail.example.com:587"),
        ("EMAIL_URL", "smtp+tls://portal:pa/ss@mail.example.com:587"),
        ("EMAIL_URL", "smtp+tls://portal:pa?ss@mail.example.com:587"),
        ("EMAIL_URL", "smtp+tls://portal:pa[ss@mail.example.com:587"),
        ("EMAIL_URL", "smtp+tls://portal:7?x@mail.example.com:587"),
        ("EMAIL_URL", "smtp+tls://portal:7#x@mail.example.com:587"),
        ("EMAIL_URL", "smtp+tls://portal:7/x@mail.example.com:587"),
        ("REDIS_URL", "redis://:pa[ss@broker:6379"),
        ("REDIS_URL", "redis://:pa#ss@broker:6379"),
        ("DATABASE_URL", "postgres://portal:pa#ss@db.example.com/portal"),
        ("DATABASE_URL", "postgres://portal:pa[ss@db.example.com/portal"),
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
        ("SENT_MAIL_RETENTION", "0"),
        ("FAILED_MAIL_RETENTION", "-1"),
        ("IP_ADDRESS_RETENTION", "-1"),
        ("IP_ADDRESS_RETENTION", "6"),
        ("IP_ADDRESS_RETENTION", "a week"),
        ("SESSION_DAYS", "0"),
        ("SESSION_DAYS", ""),
        ("WEB_STATEMENT_TIMEOUT", "-1"),
        ("WORKER_IDLE_TIMEOUT", "ever"),
        ("DATABASE_USES_PGBOUNCER", "perhaps"),
        ("REVIEW_LINK_DAYS", "soon"),
        ("ACCESS_INVITATION_DAYS", "soon"),
        ("ACCESS_INVITATION_DAYS", "0"),
        ("TEAM_INVITATION_DAYS", "0"),
        ("APPLICATION_RETENTION", "0"),
        ("REVIEW_REMINDER_DAYS", "-1"),
        ("REVIEW_REQUEST_COOLDOWN_DAYS", "a while"),
        ("REVIEW_REMINDER_INTERVAL", "0"),
        ("PORTAL_DEMO", "1"),
        ("SENTRY_DSN", "https://sentry.example.com/1"),
        ("SENTRY_DSN", "key@sentry.example.com/1"),
    ],
)
def test_invalid_value_is_named(variable: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=variable):
        setting("DEBUG", **{variable: value})


@pytest.mark.parametrize("variable", ["EMAIL_URL", "DATABASE_URL"])
def test_error_does_not_contain_the_password(variable: str) -> None:
    scheme = GOOD[variable].partition(":")[0]
    with pytest.raises(ImproperlyConfigured, match="%23") as error:
        setting("DEBUG", **{variable: f"{scheme}://portal:s3cr3t#pass@host.example.com/portal"})
    assert "s3cr3t" not in str(error.value)
    assert error.value.__suppress_context__


ODD_PASSWORD = "a$b#c/d?e@f:g%h i+[j]ö"


def test_encoded_password_of_the_mail_server_is_read() -> None:
    values = settings_with(EMAIL_URL=f"smtps://portal%40example.com:{quote(ODD_PASSWORD, safe='')}@mail.example.com")
    assert values["EMAIL_HOST_USER"] == "portal@example.com"
    assert values["EMAIL_HOST_PASSWORD"] == ODD_PASSWORD


def test_documented_characters_are_those_that_break_a_url() -> None:
    example_text = (Path(settings.BASE_DIR) / ".env.example").read_text()
    (listed,) = re.findall(r"^# Percent-encode these characters .*?: (.*)\.$", example_text, re.MULTILINE)
    assert {unquote(pair.split()[-1]) for pair in listed.split(", ")} == set("%#/?@:+$ ")


@pytest.mark.parametrize(
    ("scheme", "starttls", "implicit", "port"),
    [("smtp", False, False, 25), ("smtp+tls", True, False, 587), ("smtp+ssl", False, True, 465), ("smtps", False, True, 465)],
)
def test_scheme_of_the_mail_server_decides_the_encryption(scheme: str, starttls: bool, implicit: bool, port: int) -> None:
    values = settings_with(EMAIL_URL=f"{scheme}://mail.example.com")
    assert (values["EMAIL_USE_TLS"], values["EMAIL_USE_SSL"], values["EMAIL_PORT"]) == (starttls, implicit, port)
    assert settings_with(EMAIL_URL=f"{scheme}://mail.example.com:2525")["EMAIL_PORT"] == 2525


#: Another valid value of each setting that contains a secret.
OTHER = {
    "SECRET_KEY": "$another-key-that-starts-with-a-dollar-sign-and-ends-with-$",
    "SECRET_KEY_FALLBACKS": "a-former-key-that-is-long-enough-0123456789,another-former-key-that-is-long-enough",
    "DATABASE_URL": "postgres://portal:from-a-file@elsewhere:5432/portal",
    "REDIS_URL": "redis://:from-a-file@elsewhere:6379/0",
    "EMAIL_URL": "smtp+ssl://portal:from-a-file@elsewhere:465",
    "METRICS_TOKEN": "a-token-from-a-file",
    "SENTRY_DSN": "https://0a1b2c3d@sentry.example.com/1",
}


def shown(environment: dict[str, str | None]) -> dict[str, Any]:
    """Return the settings that the settings with secrets determine."""
    mail = ("EMAIL_HOST", "EMAIL_HOST_PASSWORD", "EMAIL_USE_SSL")
    names = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASES", "REDIS_URL", "METRICS_TOKEN", "SENTRY_DSN", *mail)
    values = settings_with(**environment)
    return {name: values.get(name) for name in names}


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_read_from_a_file(tmp_path: Path, name: str, ending: str) -> None:
    (tmp_path / "secret").write_text(OTHER[name] + ending)
    from_file = shown({name: None, f"{name}_FILE": str(tmp_path / "secret")})
    assert from_file == shown({name: OTHER[name]})
    assert from_file != shown({})


def test_spaces_in_a_file_belong_to_the_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f" {GOOD['SECRET_KEY']} \n")
    assert setting("SECRET_KEY", SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "secret")) == f" {GOOD['SECRET_KEY']} "


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_set_twice_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text(OTHER[name])
    with pytest.raises(ImproperlyConfigured, match=rf"^Set {name} or {name}_FILE, not both$"):
        setting("DEBUG", **{name: OTHER[name], f"{name}_FILE": str(tmp_path / "secret")})


def test_empty_variables_are_no_secrets(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(OTHER["SECRET_KEY"])
    assert setting("SECRET_KEY", SECRET_KEY="", SECRET_KEY_FILE=str(tmp_path / "secret")) == OTHER["SECRET_KEY"]
    assert setting("SECRET_KEY", SECRET_KEY_FILE="") == GOOD["SECRET_KEY"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, r"can’t read .*/secret \(No such file or directory\)"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xff\xfe secret", "must be a text in UTF-8"),
        (b"a-key-\0-that-is-long-enough-and-not-one-letter-only", "must be a text in UTF-8"),
    ],
)
def test_an_unreadable_file_of_a_secret_is_named(tmp_path: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=f"^SECRET_KEY_FILE: .*{problem}$") as raised:
        setting("DEBUG", SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert raised.value.__cause__ is None or isinstance(raised.value.__cause__, OSError)


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL_FILE: can’t read"):
        setting("DEBUG", REDIS_URL=None, REDIS_URL_FILE=str(tmp_path))


def test_an_error_about_a_file_prevents_the_start_and_hides_the_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"hunter2-\xff")
    result = run("import django; django.setup()", SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert result.returncode != 0
    assert "SECRET_KEY_FILE" in result.stderr.splitlines()[-1]
    assert "hunter2" not in result.stderr


def test_the_example_names_every_secret_that_can_be_in_a_file() -> None:
    text = re.sub(r"\n# ?", " ", (Path(settings.BASE_DIR) / ".env.example").read_text())
    sentence = re.search(r"This applies to ([^.]+)\.", text)
    assert sentence is not None
    assert tuple(re.findall(r"[A-Z_]+", sentence[1])) == SECRETS


def test_every_setting_with_a_secret_can_be_in_a_file() -> None:
    """By their names, and by the passwords in the example."""
    text = (Path(settings.BASE_DIR) / ".env.example").read_text()
    variables = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    secret = {name for name, value in variables.items() if re.search("KEY|TOKEN|PASSWORD|SECRET|DSN", name) or ":password@" in value}
    # Not a setting of the portal, but of docker-compose.yml.
    assert secret - {"POSTGRES_PASSWORD", "SECRET_KEY_FILE"} == set(SECRETS)


def test_debug_is_off_by_default() -> None:
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
def test_cookies_are_secure_over_https(name: str) -> None:
    assert setting(name) == "True"


def test_only_the_site_host_is_accepted() -> None:
    assert setting("ALLOWED_HOSTS") == "['portal.example.com']"
    assert setting("CSRF_TRUSTED_ORIGINS") == "['https://portal.example.com']"


def test_hsts_lasts_a_year() -> None:
    assert setting("SECURE_HSTS_SECONDS") == str(365 * 24 * 60 * 60)
    # Not for loopback addresses, because other servers on the same host may not support HTTPS.
    assert setting("SECURE_HSTS_SECONDS", SITE_URL="http://localhost:8000") == "0"


def example() -> dict[str, str]:
    """Return the variables set in `.env.example`, with secrets filled in."""
    lines = (Path(settings.BASE_DIR) / ".env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    empty = {name for name, value in values.items() if not value}
    assert empty == {"SECRET_KEY", "POSTGRES_PASSWORD"}
    return {name: shlex.split(value)[0] if value else GOOD["SECRET_KEY"] for name, value in values.items()}


def test_example_passes_the_deployment_check() -> None:
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


def test_admin_requires_second_factor_except_on_loopback() -> None:
    assert setting("ADMIN_REQUIRES_MFA") == "True"
    assert setting("ADMIN_REQUIRES_MFA", SITE_URL="http://localhost:8000") == "False"
    assert setting("ADMIN_REQUIRES_MFA", SITE_URL="http://localhost:8000", ADMIN_REQUIRES_MFA="1") == "True"


def test_passwords_are_hashed_with_argon2() -> None:
    # The tests use a faster variant.
    assert setting("PASSWORD_HASHERS").startswith("['django.contrib.auth.hashers.Argon2PasswordHasher'")


def test_pgbouncer_disables_server_side_cursors_and_prepared_queries() -> None:
    direct, pooled = (settings_with(DATABASE_USES_PGBOUNCER=pooler, PREPARED_QUERIES=pooler) for pooler in (None, "1"))
    assert (direct["PREPARED_QUERIES"], pooled["PREPARED_QUERIES"]) == (True, False)
    database, pool = direct["DATABASES"]["default"], pooled["DATABASES"]["default"]
    assert (database["DISABLE_SERVER_SIDE_CURSORS"], pool["DISABLE_SERVER_SIDE_CURSORS"]) == (False, True)
    assert database["OPTIONS"] == pool["OPTIONS"] | {"options": "-c plan_cache_mode=force_generic_plan"}


def test_options_in_database_url_follow_those_of_prepared_queries() -> None:
    url = "postgres://portal@db/portal?options=-c%20work_mem%3D64MB"
    options = settings_with(DATABASE_URL=url)["DATABASES"]["default"]["OPTIONS"]
    assert options["options"] == "-c plan_cache_mode=force_generic_plan -c work_mem=64MB"
    unprepared = settings_with(DATABASE_URL=url, PREPARED_QUERIES="0")["DATABASES"]["default"]["OPTIONS"]
    assert unprepared["options"] == "-c work_mem=64MB"


def test_log_format_is_json_except_on_loopback() -> None:
    assert setting("LOG_FORMAT") == "json"
    assert setting("LOG_FORMAT", SITE_URL="http://localhost:8000") == "line"
    assert setting("LOG_FORMAT", SITE_URL="http://localhost:8000", LOG_FORMAT="json") == "json"


def test_admin_path_is_configurable() -> None:
    code = "import django; django.setup(); from django.urls import reverse; print(reverse('admin:index'), reverse('admin:login'))"
    result = run(code, ADMIN_PATH="back-office/x7/")
    assert result.stdout.split() == ["/back-office/x7/", "/back-office/x7/login/"], result.stderr


def test_example_names_the_defaults() -> None:
    """Numbers in comments of `.env.example` are the defaults, except counts that depend on the deployment."""
    text = (Path(settings.BASE_DIR) / ".env.example").read_text()
    named = {
        name: int(value)
        for name, value in re.findall(r"^#(\w+_(?:DAYS|RETENTION|INTERVAL|ATTEMPTS|DELAY|LEASE))=(\d+)$", text, re.MULTILINE)
    }
    defaults = settings_with()
    assert named
    assert named == {name: defaults[name] for name in named}
