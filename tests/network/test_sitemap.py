"""Dates of profiles in the sitemap, and the number of queries."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from partnerportal.network.models import PartnerProfile
from partnerportal.network.sitemaps import ProfileSitemap
from reviews.models import RatingSummary, Review
from reviews.services.reports import reinstate_review, uphold_report
from reviews.services.reviews import (
    comment_on_review,
    edit_review,
    hide_review,
    pin_review,
    submit_review,
    unhide_review,
    unpin_review,
    withdraw_review,
)
from tests.cast import Cast
from tests.factories.agencies import ServiceFactory
from tests.factories.review_states import a_review, reported, someone
from tests.factories.reviews import ReviewRequestFactory, same_rating

LONG_AGO = timezone.now() - timedelta(days=400)
STARS = same_rating(4)


def last_changed(slug: str = "alder") -> str:
    """Return a profile's date in the sitemap."""
    sitemap = Client().get("/sitemap-profiles.xml").content.decode()
    days = re.findall(rf"<loc>[^<]*/partners/{slug}/</loc><lastmod>([^<]+)</lastmod>", sitemap)
    assert days and len(set(days)) == 1
    return days[0][:10]


def index_changed() -> str:
    """Return the date of the profiles' file in the sitemap index."""
    index = Client().get("/sitemap.xml").content.decode()
    (moment,) = re.findall(r"<loc>[^<]*/sitemap-profiles.xml</loc><lastmod>([^<]+)</lastmod>", index)
    return moment


def all_changed(moment: datetime) -> None:
    """Move the dates of all profiles and rating summaries into the past."""
    PartnerProfile.objects.update(updated_at=moment)
    RatingSummary.objects.update(changed_at=moment)


def upheld(review: Review) -> Review:
    uphold_report(reported(review), reason="It does.", by=someone(review.agency))
    return Review.objects.get(pk=review.pk)


def hidden(review: Review) -> Review:
    hide_review(review, reason="outdated", by=someone(review.agency))
    return Review.objects.get(pk=review.pk)


def pinned(review: Review) -> Review:
    pin_review(review, by=someone(review.agency))
    return Review.objects.get(pk=review.pk)


def unchanged(review: Review) -> Review:
    return review


#: Preceding actions on a review, and the action that then changes the profile.
CHANGES: dict[str, tuple[Callable[[Review], Review], Callable[[Review], object]]] = {
    "another": (
        unchanged,
        lambda review: submit_review(ReviewRequestFactory(customer__agency=review.agency), text="Good.", author="Lea", **STARS),
    ),
    "edited": (unchanged, lambda review: edit_review(review, text="Changed.", author="Lea", **STARS)),
    "commented": (unchanged, lambda review: comment_on_review(review, text="Thank you.", by=someone(review.agency))),
    "hidden": (unchanged, hidden),
    "unhidden": (hidden, lambda review: unhide_review(review, by=someone(review.agency))),
    "pinned": (unchanged, pinned),
    "unpinned": (pinned, lambda review: unpin_review(review, by=someone(review.agency))),
    "upheld": (unchanged, upheld),
    "reinstated": (upheld, lambda review: reinstate_review(review.reports.get(), reason="It is true.", by=someone(review.agency))),
    "withdrawn": (unchanged, withdraw_review),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_happens_to_a_review_changes_the_profile(cast: Cast, change: str) -> None:
    before, happens = CHANGES[change]
    review = before(a_review(cast.alder))
    a_review(cast.birch)
    all_changed(LONG_AGO)
    happens(review)
    assert last_changed() == timezone.localdate().isoformat()
    assert last_changed("birch") == timezone.localdate(LONG_AGO).isoformat()
    assert index_changed()[:10] == timezone.localdate().isoformat()


def test_an_open_report_changes_nothing_that_the_world_sees(cast: Cast) -> None:
    review = a_review(cast.alder)
    all_changed(LONG_AGO)
    reported(review)
    assert last_changed() == index_changed()[:10] == timezone.localdate(LONG_AGO).isoformat()


def test_a_profile_without_reviews_has_its_own_date(cast: Cast) -> None:
    all_changed(LONG_AGO)
    assert last_changed() == index_changed()[:10] == timezone.localdate(LONG_AGO).isoformat()


def test_a_renamed_agency_or_service_changes_the_profile(cast: Cast) -> None:
    service = ServiceFactory(name_en="Mills")
    cast.birch.profile.services.set([service])
    all_changed(LONG_AGO)
    cast.alder.name = "Alder and Sons"
    cast.alder.save()
    assert last_changed() == timezone.localdate().isoformat()
    assert last_changed("birch") == timezone.localdate(LONG_AGO).isoformat()
    ada = Client()
    ada.force_login(cast.ada)
    ada.post(f"/admin/network/service/{service.pk}/change/", {"name_en": "Shops for mills", "name_de": service.name_de, "is_active": "on"})
    assert last_changed("birch") == timezone.localdate().isoformat()


def test_a_new_name_in_other_letters_changes_the_profile_but_other_fields_of_its_agency_do_not(cast: Cast) -> None:
    all_changed(LONG_AGO)
    cast.alder.time_zone = "Europe/London"
    cast.alder.save()
    assert last_changed() == timezone.localdate(LONG_AGO).isoformat()
    cast.alder.name = cast.alder.name.upper()
    cast.alder.save(update_fields=["name"])
    assert last_changed() == timezone.localdate().isoformat()


def test_the_index_reads_no_profile(cast: Cast) -> None:
    a_review(cast.alder)
    latest = ProfileSitemap().get_latest_lastmod()
    assert latest == RatingSummary.objects.get(agency=cast.alder).changed_at
    PartnerProfile.objects.update(status="draft")
    assert ProfileSitemap().get_latest_lastmod() is None
