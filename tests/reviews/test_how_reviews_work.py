"""The public page that explains how reviews work, with the network's own figures."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from partnerportal.network.models import RESERVED_SLUGS, PartnerProfile
from partnerportal.network.services.profiles import new_profile
from reviews.models import RatingSummary, ReviewRequest
from reviews.services.reviews import edit_review, hide_review, unhide_review, withdraw_review
from tests.cast import Cast
from tests.factories.agencies import AgencyFactory, ProfileFactory
from tests.factories.review_states import STATES, a_review, in_state
from tests.factories.reviews import ReviewRequestFactory

PATH = "/partners/how-reviews-work/"


def words(path: str = PATH) -> str:
    """Return the page's text without tags."""
    page = Client().get(path)
    assert page.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def figures() -> dict[str, int]:
    """Return the figures with their labels."""
    page = Client().get(PATH).content.decode()
    shown = re.findall(r'<dt>([^<]+)</dt>\s*<dd>\s*<span class="figure">([\d,]+)</span>', page)
    (published,) = re.findall(r'<span class="rating-figure">([\d,]+)</span>', page)
    return {"published": int(published)} | {label.split()[0].lower(): int(number) for label, number in shown}


def test_an_empty_network_says_that_there_are_no_reviews_yet(cast: Cast) -> None:
    text = words()
    assert "No reviews yet" in text
    assert "How reviews are collected" in text
    assert "published review" not in text


def test_it_sums_the_figures_of_all_public_agencies(cast: Cast) -> None:
    for state in STATES:
        in_state(state, cast.alder)
    edit_review(a_review(cast.birch), cooperation=1)
    ReviewRequestFactory(customer__agency=cast.birch)
    # Not in the partner network.
    a_review(ProfileFactory(status="draft").agency)
    assert figures() == {"published": 5, "hidden": 1, "edited": 1, "withdrawn": 1, "removed": 1}
    assert "9 reviews have been requested. 8 have been written." in words()


def test_single_figures_are_singular(cast: Cast) -> None:
    a_review(cast.alder)
    text = words()
    assert "1 published review " in text
    assert "1 review has been requested. 1 has been written." in text


def test_only_withdrawn_reviews_are_figures_too(cast: Cast) -> None:
    withdraw_review(a_review(cast.alder))
    assert figures() == {"published": 0, "hidden": 0, "edited": 0, "withdrawn": 1, "removed": 0}


def test_the_etag_changes_with_each_figure_only(cast: Cast) -> None:
    review, removed = a_review(cast.alder), a_review(cast.alder)
    actions: list[Callable[[], Any]] = [
        lambda: ReviewRequestFactory(customer__agency=cast.alder),
        lambda: ReviewRequest.objects.filter(status="open").update(status="withdrawn", withdrawn_at=timezone.now()),
        lambda: a_review(cast.birch),
        lambda: hide_review(review, reason="outdated", by=cast.alice),
        lambda: unhide_review(review, by=cast.alice),
        lambda: edit_review(review, text="Changed."),
        lambda: withdraw_review(review),
        lambda: STATES["removed"](removed),
        # The sum of all figures stays the same.
        lambda: withdraw_review(removed),
    ]
    for action in actions:
        before = Client().get(PATH)
        action()
        after = Client().get(PATH, headers={"If-None-Match": before["ETag"]})
        assert after.status_code == 200
        assert after["ETag"] != before["ETag"]
    PartnerProfile.objects.update(tagline="Another one.")
    assert Client().get(PATH, headers={"If-None-Match": after["ETag"]}).status_code == 304


def test_anonymous_visitors_share_it_and_members_do_not(cast: Cast) -> None:
    assert "public" in Client().get(PATH)["Cache-Control"]
    member = Client()
    member.force_login(cast.alice)
    response = member.get(PATH)
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-cache")


def test_it_states_the_limits_that_are_set(cast: Cast, settings: Any) -> None:
    settings.REVIEW_LINK_DAYS, settings.REVIEW_EDIT_DAYS, settings.REVIEW_REMINDER_DAYS = 31, 3, 5
    text = words()
    assert "valid for 31 days" in text
    assert "edit their review for 3 days" in text
    assert "after 5 days receive one reminder" in text
    assert "Cooperation, Quality of service, Schedule, Budget." in text
    assert "7 reviews of 3.5 stars" in text
    assert "highlight up to 5 reviews" in text
    assert "reported up to 3 times" in text
    settings.REVIEW_LINK_DAYS, settings.REVIEW_EDIT_DAYS, settings.REVIEW_REMINDER_DAYS = 1, 1, 0
    text = words()
    assert "valid for 1 day," in text
    assert "edit their review for 1 day." in text
    assert "reminder" not in text


def test_it_names_the_operator_if_known(cast: Cast, settings: Any) -> None:
    assert "unlawful" not in words()
    settings.IMPRINT_URL = "https://portal.example/imprint/"
    page = Client().get(PATH).content.decode()
    assert "unlawful" in page
    assert page.count('href="https://portal.example/imprint/"') == 2


@pytest.mark.parametrize("rated", [True, False])
def test_profiles_link_to_it_twice_in_their_language(cast: Cast, rated: bool) -> None:
    if rated:
        a_review(cast.alder)
    for language in ("", "/de", "/en"):
        page = Client().get(f"{language}/partners/alder/").content.decode()
        main, footer = page.split('<footer class="site-foot">')
        assert main.count(f'href="{language}{PATH}"') == footer.count(f'href="{language}{PATH}"') == 1


def test_it_has_an_address_for_each_language(cast: Cast) -> None:
    for path, language in (("/en", "en"), ("/de", "de")):
        page = Client(headers={"Accept-Language": "fr"}).get(f"{path}{PATH}").content.decode()
        assert f'<html lang="{language}"' in page
        assert f'<link rel="canonical" href="{settings.SITE_URL}{path}{PATH}">' in page
        for code, prefix in (("en", "/en"), ("de", "/de"), ("x-default", "")):
            assert f'<link rel="alternate" hreflang="{code}" href="{settings.SITE_URL}{prefix}{PATH}">' in page
    assert f"<loc>{settings.SITE_URL}/de{PATH}</loc>" in Client().get("/sitemap-how-reviews-work.xml").content.decode()


# --- Its address -------------------------------------------------------------------------------------------------------


def test_every_page_of_the_network_has_a_reserved_address() -> None:
    def routes(patterns: Any) -> list[str]:
        return [
            route for entry in patterns for route in ([str(entry.pattern)] if isinstance(entry, URLPattern) else routes(entry.url_patterns))
        ]

    names = {found[1] for route in routes(get_resolver().url_patterns) if (found := re.fullmatch(r"partners/([-\w]+)/(.*)", route))}
    assert names == set(RESERVED_SLUGS)


def test_no_profile_can_choose_its_address(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.max)
    for slug in ("how-reviews-work", "How-Reviews-Work"):
        response = client.post("/company/", {"name": "Alder Web", "slug": slug, "version": cast.alder.profile.version})
        assert response.context["form"].errors["slug"] == ["This address is already taken. Choose another one."]
    assert PartnerProfile.objects.get(agency=cast.alder).slug == "alder"


def test_an_agency_of_this_name_is_offered_another_address(cast: Cast) -> None:
    assert new_profile(AgencyFactory(name="How reviews work")).slug == "how-reviews-work-2"


def test_an_earlier_profile_with_this_address_gets_the_next_free_one(cast: Cast) -> None:
    ProfileFactory(slug="how-reviews-work-2")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE network_partnerprofile DROP CONSTRAINT profile_address_is_not_reserved")
    PartnerProfile.objects.filter(slug="alder").update(slug="how-reviews-work")
    import_module("partnerportal.network.migrations.0010_reserved_addresses").rename(apps, None)
    assert PartnerProfile.objects.get(agency=cast.alder).slug == "how-reviews-work-3"
    assert Client().get("/partners/how-reviews-work-3/").status_code == 200
    assert Client().get("/partners/alder/").url == "/partners/how-reviews-work-3/"


def test_the_figures_of_earlier_reviews_are_counted(cast: Cast) -> None:
    for state in STATES:
        in_state(state, cast.alder)
    edit_review(a_review(cast.alder), text="Changed.")
    right = figures()
    RatingSummary.objects.update(edited=0, withdrawn=0, removed=0)
    assert figures() != right
    import_module("reviews.migrations.0011_published_figures").fill(apps, None)
    assert figures() == right
