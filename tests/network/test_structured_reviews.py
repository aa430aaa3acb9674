"""Reviews in the structured data of profiles and of their own pages."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from partnerportal.network.models import PartnerProfile
from reviews.models import Review
from reviews.services.reviews import comment_on_review, edit_review, hide_review, pin_review, withdraw_review
from tests.cast import Cast
from tests.factories.customers import ProjectFactory
from tests.factories.review_states import STATES, a_review, in_state
from tests.factories.reviews import ReviewFactory

#: Properties that search engines require of each type, and the types of their values
#: (https://developers.google.com/search/docs/appearance/structured-data/review-snippet).
REQUIRED = {
    "ProfessionalService": {"name": str},
    "Review": {"author": dict, "reviewRating": dict},
    "Person": {"name": str},
    "Organization": {"name": str},
    "Rating": {"ratingValue": str, "bestRating": int, "worstRating": int},
    "AggregateRating": {"ratingValue": str, "reviewCount": int, "bestRating": int, "worstRating": int},
    "Comment": {"text": str, "author": dict},
}
#: Other properties of these types, from https://schema.org/.
OPTIONAL = {
    "Review": {"url", "name", "datePublished", "dateModified", "reviewBody", "comment", "itemReviewed"},
    "Comment": {"datePublished"},
}


def data_of(path: str, client: Client | None = None) -> dict[str, Any]:
    """Return the structured data of a page, after checking all its items."""
    page = (client or Client()).get(path).content.decode()
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    data = json.loads(found)
    assert data["@context"] == "https://schema.org"
    for item in items_of(data):
        kind = item["@type"]
        for name, value_type in REQUIRED.get(kind, {}).items():
            assert isinstance(item.get(name), value_type) and item[name] != "", (kind, name)
        if kind in OPTIONAL:
            assert item.keys() - {"@type", "@context"} <= REQUIRED[kind].keys() | OPTIONAL[kind]
        if kind in {"Rating", "AggregateRating"}:
            assert item["worstRating"] <= float(item["ratingValue"]) <= item["bestRating"]
    return data


def items_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all items with a type."""
    if isinstance(value, dict) and "@type" in value:
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from items_of(child)


def address_of(review: Review, language: str = "") -> str:
    return f"{settings.SITE_URL}{language}/partners/alder/reviews/{review.pk}/"


def test_a_profile_lists_each_review_as_it_is_displayed(cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder, title="Shop relaunch")
    subject = {"review_request__customer": project.customer, "review_request__project": project}
    review = ReviewFactory(**subject, text="They listened.", author="Lea Brandt", display_name_as="initial", cooperation=5)
    edit_review(review, schedule=5)
    reply = comment_on_review(review, text="Thank you.", by=cast.alice)
    review.refresh_from_db()
    assert data_of("/partners/alder/")["review"] == [
        {
            "@type": "Review",
            "url": address_of(review),
            "name": "Shop relaunch",
            "author": {"@type": "Person", "name": "Lea B."},
            "datePublished": review.created_at.isoformat(timespec="seconds"),
            "dateModified": review.edited_at.isoformat(timespec="seconds"),
            "reviewRating": {"@type": "Rating", "ratingValue": "4.50", "bestRating": 5, "worstRating": 1},
            "reviewBody": "They listened.",
            "comment": {
                "@type": "Comment",
                "text": "Thank you.",
                "datePublished": reply.created_at.isoformat(timespec="seconds"),
                "author": {"@type": "Organization", "name": "Alder Web"},
            },
        }
    ]


def test_only_public_reviews_are_listed(cast: Cast) -> None:
    reviews = {state: in_state(state, cast.alder) for state in STATES}
    shown = {address_of(reviews[state]) for state in ("public", "pinned", "commented", "reported")}
    assert {review["url"] for review in data_of("/partners/alder/")["review"]} == shown
    member = Client()
    member.force_login(cast.alice)
    # The agency's members see hidden reviews.
    assert {review["url"] for review in data_of("/partners/alder/", member)["review"]} == shown


def test_pinned_reviews_come_first_and_a_filter_leaves_others_out(cast: Cast) -> None:
    first, second, poor = a_review(cast.alder), a_review(cast.alder), a_review(cast.alder, cooperation=1, quality=1, schedule=1, budget=1)
    pin_review(first, by=cast.alice)

    def listed(query: str) -> list[str]:
        return [review["url"] for review in data_of(f"/partners/alder/{query}")["review"]]

    assert listed("") == [address_of(review) for review in (first, poor, second)]
    assert listed("?stars=1") == [address_of(poor)]


@pytest.mark.parametrize(
    ("chosen", "author"),
    [
        ("full", {"@type": "Person", "name": "Lea Brandt"}),
        ("company", {"@type": "Organization", "name": "Lea Brandt"}),
        ("anonymous", {"@type": "Person", "name": "Verified customer"}),
    ],
)
def test_authors_are_named_as_they_chose(cast: Cast, chosen: str, author: dict[str, str]) -> None:
    review = a_review(cast.alder, author="Lea Brandt", display_name_as=chosen)
    assert data_of("/partners/alder/")["review"][0]["author"] == author
    assert data_of(f"/partners/alder/reviews/{review.pk}/")["author"] == author


def test_an_erased_author_is_a_former_customer(cast: Cast) -> None:
    a_review(cast.alder, display_name_as="company")
    Review.objects.update(author="")
    assert data_of("/partners/alder/")["review"][0]["author"] == {"@type": "Person", "name": "Former customer"}


def test_the_page_of_a_review_names_the_agency_that_it_rates(cast: Cast) -> None:
    review = a_review(cast.alder, text="")
    data = data_of(f"/de/partners/alder/reviews/{review.pk}/")
    assert data["itemReviewed"] == {
        "@type": "ProfessionalService",
        "@id": f"{settings.SITE_URL}/partners/alder/",
        "name": "Alder Web",
        "address": {"@type": "PostalAddress", "addressLocality": "Hamburg"},
        "aggregateRating": {"@type": "AggregateRating", "reviewCount": 1, "ratingValue": "4.00", "bestRating": 5, "worstRating": 1},
        "url": f"{settings.SITE_URL}/de/partners/alder/",
    }
    assert data["@type"] == "Review"
    assert data["url"] == address_of(review, "/de")
    assert "reviewBody" not in data


@pytest.mark.parametrize("state", ["hidden", "withdrawn", "removed"])
def test_the_page_of_a_review_that_is_not_public_has_no_data(cast: Cast, state: str) -> None:
    review = a_review(cast.alder, text="Secret words")
    STATES[state](review)
    member = Client()
    member.force_login(cast.alice)
    for client in (Client(), member):
        assert "ld+json" not in client.get(f"/partners/alder/reviews/{review.pk}/").content.decode()


def test_no_review_breaks_out_of_the_data(cast: Cast) -> None:
    evil = '</script><script>alert(1)</script><!-- & \u2028 ]]> \\ "'
    review = a_review(cast.alder, text=evil, author=evil[:60])
    comment_on_review(review, text=evil, by=cast.alice)
    for path in ("/partners/alder/", f"/partners/alder/reviews/{review.pk}/"):
        page = Client().get(path).content.decode()
        assert "<script>alert" not in page
        data = data_of(path)
        (found,) = data.get("review", [data])
        assert (found["reviewBody"], found["author"]["name"], found["comment"]["text"]) == (evil, evil[:60], evil)


def test_what_changes_in_a_review_changes_the_data(cast: Cast) -> None:
    review = a_review(cast.alder, text="Before")
    before = data_of("/partners/alder/")["review"]
    edit_review(review, text="After")
    assert [found["reviewBody"] for found in (*before, *data_of("/partners/alder/")["review"])] == ["Before", "After"]
    hide_review(review, reason="outdated", by=cast.alice)
    assert "review" not in data_of("/partners/alder/")
    withdraw_review(review)
    assert "aggregateRating" not in data_of("/partners/alder/")


def test_a_profile_whose_reviews_are_all_hidden_lists_none(cast: Cast) -> None:
    in_state("hidden", cast.alder)
    data = data_of("/partners/alder/")
    assert ("review" in data, data["aggregateRating"]["reviewCount"]) == (False, 1)
    PartnerProfile.objects.update(city="")
    assert "address" not in data_of("/partners/alder/")
