"""Search engine data and cache headers of public pages."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from partnerportal.network import sitemaps
from partnerportal.network.models import PartnerProfile
from tests.cast import Cast
from tests.factories.agencies import LanguageFactory, LogoFactory, ProfileFactory, ServiceFactory
from tests.factories.reviews import ReviewFactory, same_rating

PAGES = ["/partners/", "/partners/alder/", "/partners/?q=alder"]


def data_of(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


# --- Caches ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_strangers_share_a_page_for_a_minute(cast: Cast, path: str) -> None:
    response = Client().get(path)
    assert response["Cache-Control"] == "public, max-age=30, stale-while-revalidate=30"
    assert {"Cookie", "Accept-Language"} <= {name.strip() for name in response["Vary"].split(",")}
    # The cached page contains no cookie and no CSRF token.
    assert not response.cookies
    assert "csrfmiddlewaretoken" not in response.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_what_has_not_changed_is_not_sent_again(cast: Cast, path: str) -> None:
    etag = Client().get(path)["ETag"]
    response = Client().get(path, headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert response["Cache-Control"] == "public, max-age=30, stale-while-revalidate=30"
    german = Client().get(path, headers={"If-None-Match": etag, "Accept-Language": "de"})
    assert german.status_code == 200
    PartnerProfile.objects.filter(slug="alder").update(tagline="Something new.")
    assert Client().get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_review_changes_the_page(cast: Cast) -> None:
    etag = Client().get("/partners/alder/")["ETag"]
    ReviewFactory(review_request__customer__agency=cast.alder)
    assert Client().get("/partners/alder/", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_who_is_signed_in_gets_an_own_and_fresh_page(alice: Client, cast: Cast, path: str) -> None:
    response = alice.get(path)
    assert {part.strip() for part in response["Cache-Control"].split(",")} == {"private", "no-cache"}
    assert "Go to portal" in response.content.decode()


def test_a_message_is_for_the_one_it_is_meant_for(cast: Cast) -> None:
    client = Client()
    client.cookies["messages"] = "something"
    assert "public" not in client.get("/partners/alder/")["Cache-Control"]


@pytest.mark.parametrize("path", ["/partners/nobody/", "/partners/draft/"])
def test_a_missing_page_is_kept_by_nobody(cast: Cast, path: str) -> None:
    ProfileFactory(slug="draft", status="draft")
    response = Client().get(path)
    assert response.status_code == 404
    assert "public" not in response.get("Cache-Control", "")


def test_the_language_is_chosen_without_a_token_and_stays(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/i18n/setlang/", {"language": "de", "next": "/partners/"})
    assert (response.status_code, response.url) == (302, "/partners/")
    assert 'lang="de"' in client.get("/partners/").content.decode()
    assert client.post("/i18n/setlang/", {"language": "de", "next": "https://evil.example/"}).url == "/"


# --- Search engines ----------------------------------------------------------------------------------------------------


def test_the_data_say_what_the_page_says(cast: Cast, settings: Any) -> None:
    profile = cast.alder.profile
    profile.services.set([ServiceFactory(name_en="Shops")])
    profile.languages.set([LanguageFactory(code="fy")])
    PartnerProfile.objects.filter(pk=profile.pk).update(founded=2011, website="https://alder.example")
    LogoFactory(profile=profile)
    for stars in (5, 4):
        ReviewFactory(review_request__customer__agency=cast.alder, **same_rating(stars))
    page = Client().get("/partners/alder/").content.decode()
    profile.refresh_from_db()
    data = data_of(page)
    # tests/network/test_structured_reviews.py checks what they contain.
    assert len(data.pop("review")) == 2
    assert data == {
        "@context": "https://schema.org",
        "@type": "ProfessionalService",
        "@id": f"{settings.SITE_URL}/partners/alder/",
        "url": f"{settings.SITE_URL}/partners/alder/",
        "name": "Alder Web",
        "slogan": "We build websites.",
        "description": "Websites, shops, newsletters.",
        "image": f"{settings.SITE_URL}{profile.logo_url}",
        "sameAs": "https://alder.example",
        "foundingDate": "2011",
        "address": {"@type": "PostalAddress", "addressLocality": "Hamburg"},
        "knowsLanguage": ["fy"],
        "makesOffer": [{"@type": "Offer", "itemOffered": {"@type": "Service", "name": "Shops"}}],
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": "4.50",
            "reviewCount": 2,
            "bestRating": 5,
            "worstRating": 1,
        },
    }
    for tag in (
        f'<link rel="canonical" href="{settings.SITE_URL}/partners/alder/">',
        f'<meta property="og:url" content="{settings.SITE_URL}/partners/alder/">',
        '<meta property="og:title" content="Alder Web">',
        '<meta property="og:description" content="We build websites.">',
        f'<meta property="og:image" content="{settings.SITE_URL}/en/partners/alder/preview.png?v=',
    ):
        assert tag in page


def test_no_text_breaks_out_of_the_data(cast: Cast) -> None:
    evil = '</script><script>alert(1)</script><!-- & \u2028 ]]> \\ "'
    PartnerProfile.objects.filter(slug="alder").update(tagline=evil, description=evil, city=evil[:100])
    cast.alder.name = evil[:100]
    cast.alder.save()
    page = Client().get("/partners/alder/").content.decode()
    assert "<script>alert" not in page
    assert data_of(page)["slogan"] == evil
    assert data_of(page)["description"] == evil


def test_without_reviews_no_rating_is_claimed(cast: Cast) -> None:
    assert "aggregateRating" not in data_of(Client().get("/partners/alder/").content.decode())


def test_only_the_whole_directory_is_for_search_engines(cast: Cast, settings: Any) -> None:
    canonical = f'<link rel="canonical" href="{settings.SITE_URL}/partners/">'
    plain, searched = (Client().get(path).content.decode() for path in ("/partners/", "/partners/?q=alder"))
    assert canonical in plain
    assert canonical in searched
    assert "noindex" not in plain
    assert '<meta name="robots" content="noindex, follow">' in searched


def addresses(path: str) -> list[str]:
    response = Client().get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/xml"
    return re.findall(r"<loc>(.*?)</loc>", response.content.decode())


def test_the_sitemap_names_every_registered_profile_and_no_other(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps.ProfileSitemap, "limit", 2)
    for number in range(3):
        ProfileFactory(slug=f"more-{number}")
    ProfileFactory(slug="draft", status="draft")
    listed = [address for part in addresses("/sitemap.xml") for address in addresses(part.removeprefix(settings.SITE_URL))]
    slugs = ["alder", "birch", "more-0", "more-1", "more-2"]
    pages = ["/partners/", "/partners/how-reviews-work/", *(f"/partners/{slug}/" for slug in slugs)]
    assert sorted(listed) == sorted(f"{settings.SITE_URL}{language}{page}" for page in pages for language in ("", "/de", "/en"))
    assert len(addresses("/sitemap.xml")) == 6  # the last two are for reviews and for how they work
    assert Client().get("/sitemap-profiles.xml?p=99").status_code == 404
    assert Client().get("/sitemap-nothing.xml").status_code == 404


def test_robots_are_told_where_to_look(cast: Cast, settings: Any) -> None:
    response = Client().get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    text = response.content.decode()
    assert f"Sitemap: {settings.SITE_URL}/sitemap.xml" in text
    assert "Disallow: /r/" in text
