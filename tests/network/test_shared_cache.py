"""Public pages behind a cache that all visitors and members share."""

import re

import pytest
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client
from django.urls import reverse

from partnerportal.core.language_addresses import alternates
from partnerportal.network.models import PartnerProfile
from reviews.services.reviews import hide_review
from tests.cacheable import SharedCache
from tests.cast import Cast
from tests.factories.reviews import ReviewFactory

PROFILE = "/partners/alder/"


def cookie_of(client: Client) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@pytest.mark.parametrize("path", ["/partners/", PROFILE, "/de/partners/alder/"])
def test_visitors_share_a_page_and_members_never_get_it(cast: Cast, alice: Client, path: str) -> None:
    cache, member = SharedCache(), cookie_of(alice)
    ReviewFactory(review_request__customer__agency=cast.alder)
    for _ in range(2):
        assert "account_login" not in cache.get(path).content.decode()
        assert 'href="/accounts/login/"' in cache.get(path).content.decode()
        assert 'href="/accounts/login/"' not in cache.get(path, cookie=member).content.decode()
    assert (cache.hits, cache.forwarded) == (3, 3)
    # A member's request is never answered with what a visitor stored, nor the other way round.
    cache = SharedCache()
    assert 'href="/accounts/login/"' not in cache.get(path, cookie=member).content.decode()
    assert 'href="/accounts/login/"' in cache.get(path).content.decode()


def test_each_language_is_stored(cast: Cast) -> None:
    cache = SharedCache()
    for _ in range(2):
        assert '<html lang="en">' in cache.get(PROFILE).content.decode()
        assert '<html lang="de">' in cache.get(PROFILE, accept_language="de").content.decode()
        assert '<html lang="de">' in cache.get(PROFILE, cookie="django_language=de").content.decode()
        assert '<html lang="de">' in cache.get("/de/partners/alder/", accept_language="en").content.decode()
    assert (cache.hits, cache.forwarded) == (4, 4)


def test_a_hidden_review_disappears_within_a_minute(cast: Cast) -> None:
    cache = SharedCache()
    review = ReviewFactory(review_request__customer__agency=cast.alder, text="Words that will be hidden.")
    assert review.text in cache.get(PROFILE).content.decode()
    hide_review(review, reason="other", by=cast.alice)
    assert review.text not in Client().get(PROFILE).content.decode()
    cache.now = 29
    assert review.text in cache.get(PROFILE).content.decode()
    # The first visitor after half a minute lets the cache fetch the page.
    later = SharedCache()
    later._stored = {path: list(entries) for path, entries in cache._stored.items()}
    cache.now = 31
    cache.get(PROFILE)
    assert review.text not in cache.get(PROFILE).content.decode()
    # Without any visitor in between, the stored page is not delivered after a minute.
    later.now = 60
    assert review.text not in later.get(PROFILE).content.decode()


def test_an_unchanged_page_is_confirmed_without_being_sent(cast: Cast) -> None:
    cache = SharedCache()
    first = cache.get(PROFILE)
    for minute in range(1, 4):
        cache.now = 60.0 * minute
        assert cache.get(PROFILE) is first
    PartnerProfile.objects.filter(slug="alder").update(tagline="Something new.")
    cache.now = 240
    assert "Something new." in cache.get(PROFILE).content.decode()


def test_the_example_for_varnish_bypasses_the_portals_cookies() -> None:
    """The example was tried with Varnish. It names cookies and paths, which must be the portal's."""
    example = (settings.BASE_DIR / "deploy" / "varnish.vcl").read_text()
    (bypassed,) = re.findall(r'"\(\^\|; \*\)\((\S+)\)="', example)
    assert set(bypassed.split("|")) == {settings.SESSION_COOKIE_NAME, CookieStorage.cookie_name}
    languages = "|".join(sorted(code for code, _name in settings.LANGUAGES))
    assert f"{settings.LANGUAGE_COOKIE_NAME}=({languages})" in example
    (path,) = re.findall(r'req\.url !~ "(\S+)"', example)
    stored = [
        address for name, *args in [("directory",), ("profile", "alder")] for address in alternates(f"network:{name}", *args).values()
    ]
    assert all(re.match(path, f"{address}{query}") for address in stored for query in ("", "?stars=5"))
    passed = [reverse("requests_inbox:contact", args=["alder"]), reverse("network:logo", args=["alder", "x"]), reverse("customers:list")]
    assert not any(re.match(path, address) for address in passed)
