"""Security headers of pages, and integrity of static files."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import bootstrap_wrapper
import pytest
from django.core.management import call_command
from django.test import Client

from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.factories.agencies import LogoFactory

#: SHA-384 digests of the files in the npm package bootstrap 5.3.8.
BOOTSTRAP = {
    "css/bootstrap.min.css": "sRIl4kxILFvY47J16cr9ZwB07vP4J8+LH7qKQnuqkuIAvNWLzeN8tE5YBujZqJLB",
    "js/bootstrap.bundle.min.js": "FKyoEForCGlyvwx9Hj09JcYn3nv7wiPVlz7YYwJrWVcXK/BmnVDxM+D2scQbITxI",
}
PAGES = ["/partners/", "/partners/alder/", "/accounts/login/", "/dashboard/", "/customers/", "/r/mistyped/", "/nothing/", "/admin/"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_security_headers(cast: Cast, path: str) -> None:
    client = Client()
    client.force_login(cast.ada if path == "/admin/" else cast.alice)
    response = client.get(path)
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == policy["connect-src"] == policy["manifest-src"] == policy["font-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cross-Origin-Opener-Policy"] == response["Cross-Origin-Resource-Policy"] == "same-origin"
    # Paths that contain a secret aren't sent as a referrer at all.
    assert response["Referrer-Policy"] == ("strict-origin" if path.startswith("/r/") else "same-origin")
    features = dict(part.split("=") for part in response["Permissions-Policy"].split(", "))
    unused = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
    ours = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
    assert features == {**dict.fromkeys(unused, "()"), **dict.fromkeys(ours, "(self)")}


def test_only_logos_can_be_embedded_elsewhere(cast: Cast, client: Client) -> None:
    LogoFactory(profile=cast.alder.profile)
    assert client.get(cast.alder.profile.logo_url)["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_https_headers(cast: Cast, settings: Any) -> None:
    """Print the headers in production, which `pytest -rP` shows."""
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE_HSTS_PRELOAD = 31_536_000, True, True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True
    client = Client()
    for path, person in (("/partners/alder/", None), ("/customers/", cast.alice), ("/admin/", cast.ada)):
        if person:
            client.force_login(person)
        response = client.get(path, secure=True)
        print(f"\nGET {path} {response.status_code}", *(f"{name}: {value}" for name, value in response.items()), sep="\n")  # noqa: T201
        print(response.cookies)  # noqa: T201
        assert response["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
        assert "Cookie" in response["Vary"]
        assert ("public" in response["Cache-Control"]) == (person is None)
        assert "Server" not in response


def test_http_redirects_to_https_except_for_health_checks(cast: Cast, client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/partners/alder/", "/accounts/login/", "/r/mistyped/", "/nothing/", "/healthz/", "/customers/healthz"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (301, f"https://testserver{path}")
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_cookies_are_secure(cast: Cast, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True
    client = Client()
    answers = [
        client.get("/accounts/login/"),
        client.post("/accounts/login/", {"login": cast.alice.email, "password": PASSWORD}),
        client.get("/customers/"),
        client.post("/account/", {"full_name": "Alice", "language": "en", "time_zone": ""}),
        client.post("/i18n/setlang/", {"language": "de"}),
    ]
    # Deleted cookies have no value.
    cookies = {name: cookie for answer in answers for name, cookie in answer.cookies.items() if cookie.value}
    assert set(cookies) == {"csrftoken", "sessionid", "person", "messages", "django_language"}
    for name, cookie in cookies.items():
        assert cookie["secure"], name
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name


OWN_PAGES = ["/accounts/sessions/", "/accounts/email/", "/accounts/2fa/", "/accounts/2fa/recovery-codes/"]
ERRORS = ["/nothing/", "/partners/nobody/", "/customers/0/", "/customers/import/0/", "/company/team/second-factor/"]


@pytest.mark.parametrize(
    "path", ["/dashboard/", "/customers/", "/customers/add/", "/company/reviews/", "/company/mail/", "/", *OWN_PAGES, *ERRORS]
)
def test_staff_pages_are_not_cached(alice: Client, path: str) -> None:
    for browser in (alice, Client()):
        assert {"no-store", "private"} <= set(browser.get(path)["Cache-Control"].split(", "))


@pytest.mark.parametrize("path", ["/my/", "/partners/alder/access/", "/account/", "/partners/alder/contact/", "/healthz", "/readyz"])
def test_personal_and_temporary_pages_are_not_cached(cast: Cast, path: str) -> None:
    kim = Client()
    kim.force_login(cast.kim)
    for browser in (kim, Client()):
        assert {"no-store", "private"} <= set(browser.get(path)["Cache-Control"].split(", "))


@pytest.mark.parametrize("path", [*PAGES[:-1], "/customers/add/", "/company/reviews/", "/company/reviews/request/", "/accounts/2fa/"])
def test_no_page_has_inline_script_or_style(cast: Cast, alice: Client, path: str) -> None:
    page = alice.get(path, follow=True).content.decode().lower()
    assert 'style="' not in page
    assert "<style" not in page
    assert "onclick=" not in page
    scripts = [tag.split(">", 1)[0] for tag in page.split("<script")[1:]]
    assert scripts
    # Data blocks aren't executed.
    assert all("src=" in tag or 'type="application/json"' in tag or 'type="application/ld+json"' in tag for tag in scripts), scripts


@pytest.mark.parametrize(("path", "digest"), BOOTSTRAP.items())
def test_bootstrap_files_are_the_published_ones(path: str, digest: str) -> None:
    content = (Path(bootstrap_wrapper.get_bootstrap_dir()) / path).read_bytes()
    assert base64.b64encode(hashlib.sha384(content).digest()).decode() == digest


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
