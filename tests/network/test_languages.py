"""Public pages at addresses with a language prefix."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from partnerportal.core.stamped_forms import MIN_FORM_AGE
from partnerportal.network.models import PartnerProfile
from requests_inbox.models import ContactRequest
from tests.cast import Cast
from tests.factories.agencies import ProfileFactory
from tests.factories.review_states import a_review
from tests.requests_inbox.test_contact import FIELDS, stamp

PAGES = ["/partners/", "/partners/alder/"]
#: Words in the header and footer of every public page.
SIGN_IN = {"de": "Anmelden", "en": "Sign in"}
#: Crawlers send no Accept-Language header; browsers do.
HEADERS = [{}, {"Accept-Language": "de"}, {"Accept-Language": "en"}, {"Accept-Language": "fr"}]


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def links(page: str) -> set[str]:
    """Return all addresses a page links to."""
    return set(re.findall(r'(?:href|action|hx-get)="([^"#]+)', page.partition("<body")[2]))


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_the_address_decides_whatever_the_browser_says(cast: Cast, language: str, path: str) -> None:
    other = {"de": "en", "en": "de"}[language]
    for headers in HEADERS:
        client = Client(headers=headers)
        client.cookies["django_language"] = other
        response = client.get(f"/{language}{path}")
        page = response.content.decode()
        assert f'<html lang="{language}">' in page
        assert SIGN_IN[language] in page
        assert response["Content-Language"] == language
        # The cached page is the same for all browser languages.
        assert {name.strip() for name in response["Vary"].split(",")} == {"Accept-Encoding", "Cookie"}
        assert response["Cache-Control"] == "public, max-age=30, stale-while-revalidate=30"


def test_the_account_decides_no_more_than_the_browser(alice: Client, cast: Cast) -> None:
    type(cast.alice).objects.update(language="en")
    response = alice.get("/de/partners/alder/")
    assert '<html lang="de">' in response.content.decode()
    # The page doesn't change the language of later pages.
    assert '<html lang="en">' in text(alice, "/partners/alder/")


def test_without_a_language_the_reader_decides(cast: Cast) -> None:
    for path in PAGES:
        assert '<html lang="de">' in text(Client(headers={"Accept-Language": "de"}), path)
        response = Client().get(path)
        assert '<html lang="en">' in response.content.decode()
        assert {"Cookie", "Accept-Language"} <= {name.strip() for name in response["Vary"].split(",")}


@pytest.mark.parametrize("path", PAGES)
def test_each_page_names_all_of_its_addresses(cast: Cast, settings: Any, path: str) -> None:
    by_language = {"de": f"/de{path}", "en": f"/en{path}", "x-default": path}
    expected = {(language, f"{settings.SITE_URL}{address}") for language, address in by_language.items()}
    for address in by_language.values():
        page = text(Client(), address)
        assert set(re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', page)) == expected
        assert re.findall(r'<link rel="canonical" href="([^"]+)">', page) == [f"{settings.SITE_URL}{address}"]
        assert f'<meta property="og:url" content="{settings.SITE_URL}{address}">' in page


def test_the_agency_is_the_same_in_every_language(cast: Cast, settings: Any) -> None:
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text(Client(), "/de/partners/alder/"))
    data = json.loads(script)
    assert (data["@id"], data["url"]) == (f"{settings.SITE_URL}/partners/alder/", f"{settings.SITE_URL}/de/partners/alder/")


def test_the_sitemap_names_all_addresses_of_each_page(cast: Cast, settings: Any) -> None:
    for section, path in (("directory", "/partners/"), ("profiles", "/partners/alder/")):
        sitemap = text(Client(), f"/sitemap-{section}.xml")
        for address in (path, f"/de{path}", f"/en{path}"):
            (entry,) = (e for e in re.findall(r"<url>(.*?)</url>", sitemap) if f"<loc>{settings.SITE_URL}{address}</loc>" in e)
            assert dict(re.findall(r'hreflang="([^"]+)" href="([^"]+)"', entry)) == {
                "de": f"{settings.SITE_URL}/de{path}",
                "en": f"{settings.SITE_URL}/en{path}",
                "x-default": f"{settings.SITE_URL}{path}",
            }


def test_links_stay_in_the_language(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partnerportal.network.views.public.CARDS_PER_PAGE", 2)
    monkeypatch.setattr("partnerportal.network.views.public.REVIEWS_PER_PAGE", 1)
    for number in range(6):
        ProfileFactory(slug=f"more-{number}")
        a_review(cast.alder)
    for start in ("/de/partners/", "/de/partners/?q=nothing", "/de/partners/alder/", "/de/partners/alder/?stars=4"):
        waiting, seen = [start], set()
        while waiting:
            here = waiting.pop()
            seen.add(here)
            # Giving access requires sign-in, and logos have no language.
            found = {urljoin(here, link.replace("&amp;", "&")) for link in links(text(Client(), here))}
            public = {link for link in found if "/partners/" in link and not re.search("/access/|/logo/", link)}
            assert public, here
            assert {link for link in public if not link.startswith("/de/")} == set(), here
            waiting += sorted(public - seen - set(waiting))[: 40 - len(seen)]
        assert "/de/partners/alder/contact/" in seen


def test_an_earlier_address_leads_on_in_the_language(cast: Cast) -> None:
    PartnerProfile.objects.filter(slug="alder").update(slug="alder-web")
    for path in ("/partners/alder/", "/partners/alder/contact/"):
        response = Client().get(f"/de{path}")
        assert (response.status_code, response.url) == (301, f"/de{path.replace('alder', 'alder-web')}")


def test_a_message_is_written_in_the_language_of_the_page(cast: Cast) -> None:
    client = Client(headers={"Accept-Language": "en"})
    address = "/de/partners/alder/contact/"
    with time_machine.travel(timezone.now() - timedelta(seconds=MIN_FORM_AGE + 1), tick=False):
        typed = {**FIELDS, "stamp": stamp(client.get(address))}
    response = client.post(address, typed)
    assert (response.status_code, response.url) == (302, "/de/partners/alder/contact/thanks/")
    assert ContactRequest.objects.get().language == "de"
    assert "/de/partners/alder/" in links(text(client, response.url))


def test_the_language_switch_leads_to_the_other_address(cast: Cast) -> None:
    client = Client()
    for address, language, expected in (
        ("/de/partners/alder/?stars=4", "en", "/en/partners/alder/?stars=4"),
        ("/en/partners/", "de", "/de/partners/"),
        ("/de/partners/", "de", "/de/partners/"),
        ("/partners/", "de", "/partners/"),
        ("/de/partners/", "xx", "/de/partners/"),
        ("https://evil.example/de/partners/", "en", "/"),
    ):
        assert client.post("/i18n/setlang/", {"language": language, "next": address}).url == expected
    # Other pages use the selected language, too.
    client.post("/i18n/setlang/", {"language": "de", "next": "/en/partners/"})
    assert '<html lang="de">' in text(client, "/partners/alder/")
    assert 'name="next" value="/en/partners/"' in text(client, "/en/partners/")


def test_a_missing_page_speaks_the_language_of_its_address(cast: Cast) -> None:
    for path in ("/de/partners/nobody/", "/de/nothing/"):
        response = Client(headers={"Accept-Language": "en"}).get(path)
        assert response.status_code == 404
        assert '<html lang="de">' in response.content.decode()
    assert '<html lang="en">' in Client().get("/fr/partners/").content.decode()


def test_staff_act_on_their_own_profile_there(alice: Client, cast: Cast) -> None:
    review = a_review(cast.alder)
    page = text(alice, "/de/partners/alder/")
    with override("de"):
        assert f'action="/company/reviews/{review.pk}/pin/"' in page
    response = alice.post(f"/company/reviews/{review.pk}/pin/", {"next": "/de/partners/alder/"})
    assert response.url.startswith("/de/partners/alder/")


def test_crawlers_may_not_read_forms(cast: Cast) -> None:
    assert "Disallow: /*/partners/*/contact/" in text(Client(), "/robots.txt")
