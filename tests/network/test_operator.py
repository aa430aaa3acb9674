"""The operator of the network: name, logo, colour and legal pages."""

import time
from dataclasses import replace
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partnerportal.network.checks import legal_pages_are_published
from partnerportal.network.legal_text import legal_html
from partnerportal.network.models import LegalPage, LegalPageVersion, Operator
from partnerportal.network.site import Site, current_site, forget_site, keep_site
from partnerportal.outbox.letters import Letter, render_letter
from partnerportal.outbox.services import queue_letter
from tests.cast import Cast
from tests.factories.agencies import LegalPageFactory, OperatorFactory, picture

PAGES = ("/partners/", "/partners/alder/", "/partners/how-reviews-work/", "/partners/alder/contact/", "/accounts/login/")


def page(path: str, **headers: str) -> str:
    return Client().get(path, headers=headers).content.decode()


def admin(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada)
    return client


def publish(cast: Cast, text: str, *, kind: str = "imprint", language: str = "en") -> LegalPage:
    """Publish a text as an administrator does."""
    form = {"kind": kind, "language": language, "text": text, "versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    existing = LegalPage.objects.filter(kind=kind, language=language).first()
    address = f"/admin/network/legalpage/{f'{existing.pk}/change' if existing else 'add'}/"
    response = admin(cast).post(address, form)
    assert response.status_code == 302, response.context["errors"]
    return LegalPage.objects.get(kind=kind, language=language)


@pytest.mark.parametrize("path", PAGES)
def test_published_pages_are_linked_in_the_footer(cast: Cast, path: str, django_capture_on_commit_callbacks: Any) -> None:
    assert "/legal/" not in page(path)
    with django_capture_on_commit_callbacks(execute=True):
        publish(cast, "Northern Agencies Ltd")
        publish(cast, "We store little.", kind="privacy")
        publish(cast, "", kind="terms")
    shown = page(path)
    assert 'href="/legal/imprint/"' in shown
    assert 'href="/legal/privacy/"' in shown
    assert "/legal/terms/" not in shown
    if path != "/accounts/login/":
        assert 'href="/de/legal/imprint/"' in page(f"/de{path}")


@pytest.mark.parametrize("path", [*PAGES, "/accounts/login/code/"])
def test_header_and_footer_name_the_network(cast: Cast, path: str) -> None:
    assert page(path).count("Partner Network") >= 2
    OperatorFactory(name="Northern Agencies")
    forget_site()
    assert page(path).count("Northern Agencies") >= 3
    assert "Partner Network" not in page(path)
    assert "Partner Portal" not in page(path)


def test_a_published_page_replaces_the_address_in_the_settings(cast: Cast, settings: Any) -> None:
    settings.IMPRINT_URL, settings.PRIVACY_URL = "https://north.example/imprint", "https://north.example/privacy"
    LegalPageFactory()
    forget_site()
    assert 'href="/legal/imprint/"' in page("/partners/")
    assert "https://north.example/imprint" not in page("/partners/")
    assert 'href="https://north.example/privacy"' in page("/partners/")


def test_emails_link_imprint_and_privacy_policy(cast: Cast, settings: Any) -> None:
    letter = Letter(subject="Hello", intro="Hello.", language="de")
    assert "Impressum" not in render_letter(letter).text
    LegalPageFactory(language="de")
    LegalPageFactory(kind="privacy")
    OperatorFactory(name="North & Sons")
    forget_site()
    rendered = render_letter(letter)
    assert f"Impressum: {settings.SITE_URL}/de/legal/imprint/" in rendered.text
    assert f'href="{settings.SITE_URL}/de/legal/imprint/"' in rendered.html
    assert f'href="{settings.SITE_URL}/de/legal/privacy/"' in rendered.html
    assert "North & Sons" in rendered.text
    assert "North &amp; Sons" in rendered.html
    assert "Partner Portal" not in rendered.text + rendered.html
    assert queue_letter(replace(letter, to="lea@client.example")).from_name == "North & Sons"


def test_a_page_is_shown_in_the_readers_language_or_in_the_only_one(cast: Cast) -> None:
    LegalPageFactory(text="In English")
    other = Client().get("/de/legal/imprint/").content.decode()
    assert "In English" in other
    assert '<div class="profile-text" lang="en">' in other
    LegalPageFactory(language="de", text="Auf Deutsch")
    assert "Auf Deutsch" in page("/de/legal/imprint/")
    assert "Auf Deutsch" in page("/legal/imprint/", **{"Accept-Language": "de"})
    assert "In English" in page("/en/legal/imprint/")
    LegalPage.objects.update(text="")
    assert Client().get("/legal/imprint/").status_code == Client().get("/legal/nothing/").status_code == 404


def test_caches_may_store_it_until_it_changes(cast: Cast) -> None:
    row = LegalPageFactory(text="First")
    first = Client().get("/legal/imprint/")
    assert first["Cache-Control"].startswith("max-age=30, ") or "public" in first["Cache-Control"]
    assert Client().get("/legal/imprint/", headers={"If-None-Match": first["ETag"]}).status_code == 304
    row.text = "Second"
    row.save()
    assert Client().get("/legal/imprint/", headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("path", PAGES[:3])
def test_public_pages_change_their_etag_with_the_operator(cast: Cast, path: str) -> None:
    before = Client().get(path)["ETag"]
    for change in (LegalPageFactory, OperatorFactory, lambda: Operator.objects.update(tint=3)):
        change()
        forget_site()
        after = Client().get(path)["ETag"]
        assert after != before
        before = after


def test_the_text_becomes_headings_paragraphs_and_links() -> None:
    html = legal_html("# One\nText <b>\nhttps://north.example/?a=1&b=2\r\n\r\n## Two # three\n### Four\n\nhello@north.example\n#no heading")
    assert html == (
        '<div><h2>One</h2>\n<p>Text &lt;b&gt;<br><a href="https://north.example/?a=1&amp;b=2">https://north.example/?a=1&amp;b=2</a></p></div>\n'
        "<div><h3>Two # three</h3></div>\n"
        '<div><h4>Four</h4>\n<p><a href="mailto:hello@north.example">hello@north.example</a></p>\n<p>#no heading</p></div>'
    )
    assert legal_html("One\n\nTwo\n\n# Three") == "<div><p>One</p>\n<p>Two</p></div>\n<div><h2>Three</h2></div>"
    assert legal_html(" \n") == ""
    assert "<script" not in legal_html(
        '# <script>alert(1)</script>\n\n<script>alert(1)</script> javascript:alert(1) https://x.example/"><script>'
    )


# --- Versions ----------------------------------------------------------------------------------------------------------------


def test_every_version_is_kept(cast: Cast) -> None:
    for text in ("First", "First", "Second", ""):
        row = publish(cast, text)
    assert list(row.versions.order_by("number").values_list("number", "text")) == [(1, "First"), (2, "Second"), (3, "")]
    assert "Second" in admin(cast).get(f"/admin/network/legalpage/{row.pk}/change/").content.decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda row: LegalPageVersion.objects.update(text="Never said"),
        lambda row: LegalPageVersion.objects.all()._raw_delete("default"),
        lambda row: LegalPage.objects.all()._raw_delete("default"),
    ],
)
def test_versions_never_change(cast: Cast, change: Any) -> None:
    row = LegalPageFactory()
    with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
        change(row)
    assert row.versions.get().text == row.text


# --- Name, colour, logo ------------------------------------------------------------------------------------------------------


def test_an_administrator_names_the_network(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    client = admin(cast)
    with django_capture_on_commit_callbacks(execute=True):
        values = {"name": "North & Sons", "tint": "8", "logo": SimpleUploadedFile("x.png", picture().read())}
        assert client.post("/admin/network/operator/add/", values).status_code == 302
    assert client.get("/admin/network/operator/add/").status_code == 403
    shown = page("/partners/")
    assert "North &amp; Sons" in shown
    assert "Partner Network" not in shown
    assert 'data-tint="8"' in shown
    digest = Operator.objects.get().logo_digest
    assert f'src="/legal/logo/{digest}/"' in shown
    response = Client().get(f"/legal/logo/{digest}/")
    assert (response["Content-Type"], response.content[:4]) == ("image/webp", b"RIFF")
    assert "immutable" in response["Cache-Control"]
    assert Client().get("/legal/logo/old/").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/admin/network/operator/1/change/", {"name": "", "tint": "", "remove_logo": "on"})
    assert "Partner Network" in page("/partners/")
    assert Client().get(f"/legal/logo/{digest}/").status_code == 404


def test_files_that_are_no_pictures_are_refused(cast: Cast) -> None:
    file = SimpleUploadedFile("x.svg", b"<svg onload='alert(1)'/>")
    response = admin(cast).post("/admin/network/operator/add/", {"name": "North", "logo": file})
    assert "can’t be read as an image" in response.content.decode()
    assert not Operator.objects.exists()


def test_profiles_keep_their_own_colour(cast: Cast) -> None:
    OperatorFactory(tint=8)
    cast.alder.profile.tint = 3
    cast.alder.profile.save()
    forget_site()
    shown = page("/partners/alder/")
    assert 'data-tint="3"' in shown
    assert 'data-tint="8"' not in shown


# --- How long it is kept -----------------------------------------------------------------------------------------------------


def test_it_is_read_once_and_again_when_it_is_old(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_site()
    with CaptureQueriesContext(connection) as queries:
        assert [current_site(), current_site()] == [Site(), Site()]
    assert len(queries) == 2
    OperatorFactory(name="North")
    assert current_site().name == ""
    keep_site(Site(), seconds=0.01)
    time.sleep(0.02)
    assert current_site().name == "North"


def test_the_last_state_is_kept_while_the_database_is_away(cast: Cast) -> None:
    keep_site(Site(name="North"), seconds=-1)
    with transaction.atomic():
        with connection.cursor() as cursor, pytest.raises(DatabaseError):
            cursor.execute("SELECT nothing")
        assert current_site().name == "North"
        transaction.set_rollback(True)


# --- Check at start ----------------------------------------------------------------------------------------------------------


def test_a_check_warns_of_missing_pages_in_production(cast: Cast, settings: Any) -> None:
    def ids() -> list[str]:
        return [str(found.id) for found in legal_pages_are_published(databases=["default"])]

    settings.SITE_URL, settings.DEBUG = "https://portal.north.example", False
    assert ids() == ["network.W001", "network.W002"]
    assert {"network.W001", "network.W002"} <= {found.id for found in run_checks(databases=["default"])}
    assert not {"network.W001"} & {found.id for found in run_checks()}
    LegalPageFactory()
    assert ids() == ["network.W002"]
    settings.PRIVACY_URL = "https://north.example/privacy"
    assert ids() == []
    LegalPage.objects.update(text="")
    assert ids() == ["network.W001"]
    settings.SITE_URL = "http://127.0.0.1:8000"
    assert ids() == []
