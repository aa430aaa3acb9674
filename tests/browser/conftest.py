"""Fixtures for tests with Chromium and a live portal. Without Chromium, these tests are skipped, but fail in CI."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect

from partnerportal.accounts.models import User
from tests.browser.frames import AXE, AXE_PATH
from tests.browser.pages import DESKTOP, KeptPages
from tests.cast import Cast
from tests.factories.accounts import PASSWORD
from tests.smtp import Sink
from tests.workers import Process

#: Prefers the complete browser, because the headless shell requests no icons, for example.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell"))), None)
if CHROMIUM is None:
    if os.environ.get("CI"):
        raise pytest.UsageError("Browser tests require Chromium in CI")
    collect_ignore_glob = ["test_*.py"]

#: Features that take a third of the browser's time: the suggestions of its address bar, which are pages, and processes in reserve.
#: The others are those of Playwright's own list that matter here, because only the last list has an effect.
DISABLED_FEATURES = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "PreloadTopChromeWebUI", "SpareRendererForSitePerProcess",
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "OptimizationHints", "NetworkTimeServiceQuerying",
    "AimEnabled", "PreconnectToSearch",
)  # fmt: skip
OpenPage = Callable[..., Page]
#: Options of browser contexts.
DEFAULTS = {"locale": "en-GB", "java_script_enabled": True}

# As long as Playwright waits for elements before it acts on them. A busy machine needs more than the default of 5 seconds.
expect.set_options(timeout=30_000)
# Playwright runs an event loop in this thread, in which Django would reject database queries.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Use the installed Chromium without its sandbox, which root can't use, and without optimizing scripts that run only briefly."""
    features = f"--disable-features={','.join(DISABLED_FEATURES)}"
    args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--js-flags=--no-opt --no-maglev", features]
    return {"executable_path": CHROMIUM, "args": args}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Return the options of recorded contexts."""
    return {**DEFAULTS, "viewport": DESKTOP}


@pytest.fixture(scope="session")
def kept_pages(browser: Browser) -> KeptPages:
    """Pages of this process."""
    return KeptPages(browser)


@pytest.fixture(scope="session")
def static_files() -> Iterator[None]:
    """Let browsers cache static files, as in production, and serve axe as one."""
    serve = StaticFilesHandler.serve

    def serve_cacheable(handler: StaticFilesHandler, request: HttpRequest) -> HttpResponseBase:
        is_axe = request.path == AXE_PATH
        response = HttpResponse(AXE, content_type="text/javascript") if is_axe else serve(handler, request)
        response["Cache-Control"] = "max-age=3600"
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandler, "serve", serve_cacheable)
        yield


@pytest.fixture
def portal(static_files: None, live_server: Any, cast: Cast, settings: Any, transactional_db: None) -> str:
    """Address of a live portal with the cast."""
    settings.SITE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return str(live_server.url)


@pytest.fixture
def framed(portal: str, settings: Any) -> str:
    """Address of the portal, whose pages can be shown in frames of its own pages."""
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    own = {"frame-src": ["'self'"], "frame-ancestors": ["'self'"]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | own}
    return portal


@pytest.fixture
def open_page(kept_pages: KeptPages, portal: str, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Return a page with its own cookies, in English unless `locale` is another, for pages on which the browser logs errors."""
    if any(request.config.getoption(recorded) != "off" for recorded in ("--tracing", "--video", "--screenshot")):
        # Playwright records contexts that are opened and closed during a test.
        new_context = request.getfixturevalue("new_context")
        yield lambda **options: new_context(**options).new_page()
        return
    yield lambda **options: kept_pages.get(**DEFAULTS | options)
    kept_pages.reset()


@pytest.fixture
def page(open_page: OpenPage) -> Iterator[Page]:
    """Page that fails its test if the browser logs an error or warning, for example about a script, the CSP or a missing file."""
    messages: list[str] = []

    def on_error(error: Error) -> None:
        messages.append(str(error))

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            messages.append(message.text)

    page = open_page()
    page.on("pageerror", on_error)
    page.on("console", on_console)
    yield page
    page.remove_listener("pageerror", on_error)
    page.remove_listener("console", on_console)
    assert messages == []


@pytest.fixture
def mail_server(celery_worker: Process, smtp_sink: Sink) -> Sink:
    """SMTP server to which a Celery worker sends."""
    return smtp_sink


def signed_in(page: Page, portal: str, user: User) -> None:
    """Sign the user in by a session cookie, for tests of other pages than the sign-in."""
    client = Client()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal}])


def sign_in(page: Page, portal: str, email: str) -> None:
    """Sign the user in by a session cookie, and open the dashboard."""
    signed_in(page, portal, User.objects.get(email=email))
    page.goto(f"{portal}/dashboard/")


def sign_in_with_password(page: Page, portal: str, email: str) -> None:
    """Sign in through the form."""
    page.goto(f"{portal}/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/dashboard/")
