"""`/partners/<slug>/reviews.atom` and `reviews.json`: feeds of public reviews."""

import json
import re
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from partnerportal.network.models import PartnerProfile
from reviews.models import Review
from reviews.queries.public import feed_reviews
from reviews.services.reviews import comment_on_review, hide_review, withdraw_review
from reviews.views import feeds
from tests.cacheable import directives
from tests.cast import Cast
from tests.factories.reviews import ReviewFactory

ATOM, JSON = "/en/partners/alder/reviews.atom", "/en/partners/alder/reviews.json"
NS = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def _on(cast: Cast) -> None:
    PartnerProfile.objects.filter(slug="alder").update(offers_feeds=True)


def review(cast: Cast, **values: Any) -> Review:
    written: Review = ReviewFactory(review_request__customer__agency=cast.alder, **values)
    return written


def atom(path: str = ATOM) -> ET.Element:
    response = Client().get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    feed = ET.fromstring(response.content)  # noqa: S314  # our own response
    assert_valid_atom(feed)
    return feed


def json_feed(path: str = JSON) -> dict[str, Any]:
    response = Client().get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "application/feed+json; charset=utf-8")
    feed: dict[str, Any] = json.loads(response.content)
    assert_valid_json_feed(feed)
    return feed


def assert_date(text: str | None) -> None:
    assert datetime.fromisoformat(text or "").tzinfo
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", text or "")


def assert_valid_atom(feed: ET.Element) -> None:
    """Check what RFC 4287, section 4, requires of feeds and entries."""
    assert feed.tag == f"{NS}feed"
    allowed = {
        "feed": {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "link": (1, 9), "entry": (0, feeds.PAGE_SIZE)},
        "entry": {
            "id": (1, 1), "title": (1, 1), "updated": (1, 1), "published": (0, 1), "link": (1, 1), "author": (1, 1), "content": (1, 1),
        },
    }  # fmt: skip
    for element in (feed, *feed.iter(f"{NS}entry")):
        rules = allowed[element.tag.removeprefix(NS)]
        names = [child.tag.removeprefix(NS) for child in element]
        assert set(names) <= set(rules)
        assert all(low <= names.count(name) <= high for name, (low, high) in rules.items())
        assert re.fullmatch(r"tag:[a-z0-9.-]+,\d{4}-\d\d-\d\d:\S+", element.findtext(f"{NS}id") or "")
        for name in ("updated", "published"):
            for moment in element.findall(f"{NS}{name}"):
                assert_date(moment.text)
        links = [(link.get("rel"), link.get("type")) for link in element.findall(f"{NS}link")]
        assert len(set(links)) == len(links)
        assert all((link.get("href") or "").startswith(settings.SITE_URL) for link in element.findall(f"{NS}link"))
    for entry in feed.iter(f"{NS}entry"):
        assert entry.findtext(f"{NS}author/{NS}name")
        assert entry.find(f"{NS}content").attrib == {"type": "text"}  # type: ignore[union-attr]
    ids = [entry.findtext(f"{NS}id") for entry in feed.iter(f"{NS}entry")]
    assert len(set(ids)) == len(ids)


def assert_valid_json_feed(feed: dict[str, Any]) -> None:
    """Check what https://jsonfeed.org/version/1.1 requires."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert isinstance(feed["items"], list)
    assert {"home_page_url", "feed_url", "language"} <= set(feed)
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_text"]
        assert [bool(author["name"]) for author in item["authors"]] == [True]
        for name in ("date_published", "date_modified"):
            assert_date(item[name])


def links(feed: ET.Element) -> dict[str, str]:
    return {link.get("rel", ""): link.get("href", "").removeprefix(settings.SITE_URL) for link in feed.findall(f"{NS}link")}


def test_both_contain_the_reviews_newest_first(cast: Cast) -> None:
    first = review(cast, text='Good & "quick" <b>', author="Lea <Brandt>")
    second = review(cast, text="")
    comment_on_review(first, text="Thank you.", by=cast.alice)
    (newest, oldest), items = atom().findall(f"{NS}entry"), json_feed()["items"]
    text = 'Good & "quick" <b>\n\nReply from Alder Web:\nThank you.'
    assert oldest.findtext(f"{NS}content") == items[1]["content_text"] == text
    assert oldest.findtext(f"{NS}author/{NS}name") == items[1]["authors"][0]["name"] == "Lea <Brandt>"
    assert newest.findtext(f"{NS}title") == items[0]["title"] == items[0]["content_text"] == "4.0 of 5 stars: Company overall"
    assert [entry.findtext(f"{NS}id") for entry in (newest, oldest)] == [item["id"] for item in items]
    assert (oldest.findtext(f"{NS}updated") or "") >= (oldest.findtext(f"{NS}published") or "")
    for pk, item in zip((second.pk, first.pk), items, strict=True):
        assert item["url"] == f"{settings.SITE_URL}/en/partners/alder/reviews/{pk}/"
    assert Client().get(items[0]["url"].removeprefix(settings.SITE_URL)).status_code == 200


def test_hidden_removed_and_withdrawn_reviews_never_appear(cast: Cast) -> None:
    hidden, removed, withdrawn, last = (review(cast, text=f"Word{n}") for n in range(4))
    hide_review(hidden, reason="other", by=cast.alice)
    withdraw_review(withdrawn)
    Review.objects.filter(pk=removed.pk).update(removed_at=removed.created_at)
    for path in (ATOM, JSON):
        assert re.findall(r"Word\d", Client().get(path).content.decode()) == [last.text]


def test_names_are_shown_as_on_the_profile(cast: Cast) -> None:
    review(cast, author="Lea Brandt", display_name_as="initial")
    review(cast, author="Kim Peters", display_name_as="anonymous")
    assert [item["authors"][0]["name"] for item in json_feed()["items"]] == ["Verified customer", "Lea B."]
    for path in (ATOM, JSON):
        assert not re.search("Brandt|Peters", Client().get(path).content.decode())


def test_pages_are_linked_and_show_each_review_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "PAGE_SIZE", 2)
    written = [review(cast, text=f"Word{n}").text for n in range(5)]
    seen, path, previous = [], ATOM, ""
    while path:
        feed = atom(path)
        found = links(feed)
        assert (found["self"], found["first"], found["alternate"]) == (path, ATOM, "/en/partners/alder/")
        if previous:
            assert links(atom(found["previous"]))["next"]
        seen += [entry.findtext(f"{NS}content") for entry in feed.findall(f"{NS}entry")]
        previous, path = path, found.get("next", "")
    assert seen == written[::-1]
    seen, path = [], JSON
    while path:
        page = json_feed(path)
        seen += [item["content_text"] for item in page["items"]]
        path = page.get("next_url", "").removeprefix(settings.SITE_URL)
    assert seen == written[::-1]
    assert Client().get(f"{ATOM}?after=nonsense").status_code == 404


def test_ids_stay_when_the_address_of_the_profile_changes(cast: Cast) -> None:
    review(cast)
    before = [element.text for element in atom().iter(f"{NS}id")]
    PartnerProfile.objects.filter(slug="alder").update(slug="renamed")
    moved = Client().get(ATOM)
    assert (moved.status_code, moved["Location"]) == (301, "/en/partners/renamed/reviews.atom")
    assert [element.text for element in atom(moved["Location"]).iter(f"{NS}id")] == before


@pytest.mark.parametrize("path", [ATOM, JSON])
def test_unchanged_feeds_are_not_sent_again(cast: Cast, alice: Client, path: str) -> None:
    review(cast)
    response = alice.get(path)
    assert directives(response) == {"public": "", "max-age": "30", "stale-while-revalidate": "30"}
    assert "Cookie" not in response.get("Vary", "")
    assert response.content == Client().get(path).content
    for validator in ({"If-None-Match": response["ETag"]}, {"If-Modified-Since": response["Last-Modified"]}):
        assert Client().get(path, headers=validator).status_code == 304
    hide_review(Review.objects.get(), reason="other", by=cast.alice)
    changed = Client().get(path, headers={"If-None-Match": response["ETag"]})
    assert changed.status_code == 200
    assert changed["Cross-Origin-Resource-Policy"] == "same-origin"


def test_they_are_off_until_the_agency_turns_them_on(cast: Cast, alice: Client) -> None:
    assert not PartnerProfile._meta.get_field("offers_feeds").default
    pages = ["/partners/alder/", "/de/partners/alder/"]
    for path, prefix in zip(pages, ("", "/de"), strict=True):
        found = re.findall(r'<link rel="alternate"\s+type="([^"]+)"\s+title="[^"]+"\s+href="([^"]+)"', Client().get(path).content.decode())
        assert dict(found) == {
            "application/atom+xml": f"{prefix}/partners/alder/reviews.atom",
            "application/feed+json": f"{prefix}/partners/alder/reviews.json",
        }
    etag = Client().get(ATOM)["ETag"]
    form = alice.get("/company/").context["form"]
    assert form["offers_feeds"].value() is True
    PartnerProfile.objects.filter(slug="alder").update(offers_feeds=False)
    for path in (ATOM, JSON):
        assert Client().get(path, headers={"If-None-Match": etag}).status_code == 404
    assert not any("reviews.atom" in Client().get(path).content.decode() for path in pages)


def test_profiles_that_are_not_public_have_none(cast: Cast) -> None:
    PartnerProfile.objects.filter(slug="alder").update(status="draft")
    assert Client().get(ATOM).status_code == Client().get(JSON).status_code == 404


def test_texts_are_german_at_the_german_address(cast: Cast) -> None:
    review(cast)
    german = atom("/de/partners/alder/reviews.atom")
    assert german.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
    assert (german.findtext(f"{NS}entry/{NS}title") or "").startswith("4,0 von 5")
    # The same review in both languages.
    assert german.findtext(f"{NS}entry/{NS}id") == atom().findtext(f"{NS}entry/{NS}id")


def test_characters_that_xml_forbids_are_left_out(cast: Cast) -> None:
    written = review(cast)
    Review.objects.filter(pk=written.pk).update(text="One\x0btwo\ufffe")
    assert atom().findtext(f"{NS}entry/{NS}content") == "Onetwo"


def test_a_deep_page_follows_an_index(cast: Cast) -> None:
    rows = feed_reviews(agency=cast.alder.pk).filter(pk__lt=1_000).order_by("-pk")
    with connection.cursor() as cursor:
        # In an empty table, the planner would scan it, or follow the primary key.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("ALTER TABLE reviews_review DROP CONSTRAINT reviews_review_pkey CASCADE")
        plan = rows.select_related(None)[: feeds.PAGE_SIZE + 1].explain()
    assert "using review_of_agency " in plan
    assert "Sort" not in plan
