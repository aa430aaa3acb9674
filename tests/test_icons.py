"""Icons of the site: links on all pages, files, and paths that browsers request without a link."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client
from PIL import Image, ImageChops

from partnerportal.desk.management.commands.draw_icons import ICO_SIDES, PNG_FILES, SVG, icons
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.factories.team import TeamInvitationFactory

TEMPLATES = django_settings.BASE_DIR / "templates"
ERRORS = sorted(path.name for path in TEMPLATES.glob("[45]*.html"))
#: Types of pages by the users who see them.
PAGES = {
    "visitor": [
        "/partners/",
        "/partners/alder/",
        "/partners/alder/contact/",
        "/nothing/",
        "/r/mistyped/",
        "/join/mistyped/",
        "/apply/mistyped/",
        "/accounts/login/",
        "/accounts/login/code/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-x/",
        "/accounts/confirm-email/x/",
        "/accounts/inactive/",
        "/accounts/signup/",
        "/admin/login/",
        "/admin/",
    ],
    "stan": [
        "/dashboard/",
        "/customers/",
        "/customers/add/",
        "/customers/0/",
        "/customers/import/",
        "/customers/bulk/",
        "/requests/",
        "/company/reviews/",
        "/company/reviews/request/",
        "/search/?q=x",
        "/account/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/sessions/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/logout/",
    ],
    "kim": ["/my/", "/partners/alder/access/", "/account/", "/dashboard/"],
    "ada": [
        "/admin/",
        "/admin/audit/",
        "/admin/audit/auditevent/",
        "/admin/accounts/user/add/",
        "/admin/accounts/user/{ada}/change/",
        "/admin/accounts/user/{ada}/history/",
        "/admin/accounts/user/{ada}/delete/",
        "/admin/password_change/",
        "/admin/nothing/",
    ],
}


class Head(HTMLParser):
    """Icon links of a page by type, and theme colors by color scheme."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: dict[str, dict[str, str]] = {}
        self.colors: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "link" and attributes.get("rel") in {"icon", "apple-touch-icon", "manifest"}:
            self.links[f"{attributes['rel']} {attributes.get('type', '')}".strip()] = attributes
        if tag == "meta" and attributes.get("name") == "theme-color":
            self.colors[attributes["media"]] = attributes["content"]


def assert_has_icons(page: str, path: str) -> Head:
    head = Head(page)
    assert set(head.links) == {"icon", "icon image/svg+xml", "apple-touch-icon", "manifest"}, path
    assert head.colors == {f"(prefers-color-scheme: {scheme})": colour for scheme, colour in canvas().items()}, path
    return head


def canvas() -> dict[str, str]:
    """Return the background colors of both color schemes in the style sheet."""
    (colors,) = re.findall(r"--canvas: light-dark\((#\w+), (#\w+)\)", (django_settings.BASE_DIR / "static/css/tokens.css").read_text())
    return dict(zip(("light", "dark"), colors, strict=True))


@pytest.mark.parametrize("person", PAGES)
def test_pages_link_icons(cast: Cast, person: str) -> None:
    client = Client()
    if person != "visitor":
        client.force_login(getattr(cast, person))
    for path in PAGES[person]:
        page = client.get(path.format(ada=cast.ada.pk), follow=True)
        assert page["Content-Type"].startswith("text/html"), path
        assert_has_icons(page.content.decode(), path)


def test_personal_pages_link_icons(cast: Cast, client: Client, alice: Client) -> None:
    invitation = TeamInvitationFactory(agency=cast.birch)
    access_request = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    kim = Client()
    kim.force_login(cast.kim)
    rating = ReviewRequestFactory(customer__agency=cast.alder)
    for link, browser in ((invitation.link, client), (invitation.link, alice), (access_request.link, kim), (rating.link, client)):
        path = link.removeprefix(django_settings.SITE_URL)
        assert_has_icons(browser.get(path).content.decode(), path)
    customer = CustomerFactory(agency=cast.alder)
    assert_has_icons(alice.get(f"/customers/{customer.pk}/").content.decode(), "customer")


@pytest.mark.parametrize("template", ERRORS)
def test_error_pages_link_icons(template: str) -> None:
    assert_has_icons(render_to_string(template), template)


def test_server_error_page_links_icons(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOWED_HOSTS = ["portal.example"]
    refused = Client().get("/partners/")
    assert refused.status_code == 400
    assert_has_icons(refused.content.decode(), "400")
    settings.ALLOWED_HOSTS = ["testserver"]
    assert_has_icons(Client(enforce_csrf_checks=True).post("/accounts/login/").content.decode(), "403")
    wrong_way = Client().put("/partners/")
    assert wrong_way.status_code == 405
    assert_has_icons(wrong_way.content.decode(), "405")
    monkeypatch.setattr("partnerportal.network.views.public.DirectoryFilter", None)
    failed = Client(raise_request_exception=False).get("/partners/")
    assert failed.status_code == 500
    assert_has_icons(failed.content.decode(), "500")


def test_all_base_templates_include_icons() -> None:
    """Every base template includes the icons; e-mails don't."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        if "<!doctype" in text.lower() and "email" not in path.parts:
            assert '{% include "includes/_icons.html" %}' in text, path


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_icon_links_return_the_right_files(db: None, client: Client, settings: Any) -> None:
    settings.WHITENOISE_USE_FINDERS = True
    links = assert_has_icons(client.get("/partners/").content.decode(), "/partners/").links
    svg, touch = links["icon image/svg+xml"]["href"], links["apple-touch-icon"]
    answer = client.get(svg)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert content(answer) == SVG.read_bytes()
    assert touch["sizes"] == "180x180"
    assert_png(client, touch["href"], 180, opaque=True)

    answer = client.get(links["manifest"]["href"])
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/manifest+json")
    manifest = answer.json()
    assert manifest["theme_color"] == manifest["background_color"] == canvas()["light"]
    manifest_icons = {(icon["sizes"], icon["purpose"]): icon for icon in manifest["icons"]}
    assert set(manifest_icons) == {(f"{side}x{side}", kind) for side in (192, 512) for kind in ("any", "maskable")} | {("any", "any")}
    for (sizes, kind), icon in manifest_icons.items():
        if sizes == "any":
            assert (icon["src"], icon["type"]) == (svg, "image/svg+xml")
        else:
            assert icon["type"] == "image/png"
            assert_png(client, icon["src"], int(sizes.partition("x")[0]), opaque=kind == "maskable")


def assert_png(client: Client, path: str, side: int, *, opaque: bool) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png"), path
    image = Image.open(BytesIO(content(answer)))
    assert (image.format, image.size) == ("PNG", (side, side))
    assert image.convert("RGBA").getpixel((0, 0))[3] == (255 if opaque else 0), path  # type: ignore[index]


@pytest.mark.parametrize("language", ["en", "de"])
def test_manifest_has_the_name_of_the_pages(client: Client, language: str) -> None:
    """Runs without a database."""
    answer = client.get("/site.webmanifest", headers={"Accept-Language": language})
    manifest = answer.json()
    assert manifest["name"] == manifest["short_name"] == {"en": "Partner Portal", "de": "Partnerportal"}[language]
    assert manifest["lang"] == language
    assert "Accept-Language" in answer["Vary"]
    assert "public" in answer["Cache-Control"]
    assert "manifest-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("cookie", ["", "of-visitor"])
def test_favicon_needs_no_session_and_is_cached(client: Client, cookie: str) -> None:
    """Runs without a database."""
    if cookie:
        client.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/x-icon")
    assert answer["Cache-Control"] == "max-age=604800, public"
    assert not answer.cookies
    image = Image.open(BytesIO(content(answer)))
    assert image.format == "ICO"
    assert image.info["sizes"] == {(side, side) for side in ICO_SIDES}


@pytest.mark.parametrize("name", ["apple-touch-icon.png", "apple-touch-icon-precomposed.png"])
def test_icons_that_iphones_request_exist(client: Client, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Runs without a database."""
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "of-visitor"
    assert_png(client, f"/{name}", 180, opaque=True)
    answer = client.get(f"/{name}")
    assert content(answer)
    assert answer["Cache-Control"] == "max-age=604800, public"
    assert not answer.cookies
    assert not caplog.records


def test_bitmaps_match_the_svg() -> None:
    drawn = icons()
    assert len(drawn) == len(PNG_FILES) + 3
    for path, image in drawn.items():
        with Image.open(path) as committed:
            assert ImageChops.difference(committed.convert(image.mode), image).getbbox() is None, path
        if path.parent.name == "img":
            assert finders.find(f"img/{path.name}") == str(Path(path))
