"""`/company/reviews/`: statistics and list of reviews."""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import time_machine
from django.test import Client

from partnerportal.agencies.models import Agency
from partnerportal.core.templatetags import remembered
from partnerportal.network.models import PartnerProfile
from reviews.models import Review, ReviewRequest
from reviews.services.reviews import comment_on_review, hide_review, pin_review, report_review, save_reply_draft
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.review_states import STATES, a_review, in_state
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating

MANAGE = "/company/reviews/"


def found(client: Client, query: str) -> list[Review]:
    return list(client.get(f"{MANAGE}?{query}").context["page"].items)


def test_it_shows_only_reviews_of_the_agency(stan: Client, cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.birch, text="About Birch only")
    ReviewRequestFactory(customer__agency=cast.birch)
    page = stan.get(MANAGE)
    stats = page.context["stats"]
    assert (stats.summary, stats.requested, stats.recent, page.context["page"].items) == (None, 0, 0, [])
    own = ReviewFactory(review_request__customer__agency=cast.alder, text="About Alder only")
    page = stan.get(MANAGE)
    stats = page.context["stats"]
    assert (stats.summary.agency, stats.requested, stats.recent) == (cast.alder, 1, 1)
    assert page.context["page"].items == [own]
    assert "About Alder only" in page.content.decode()
    assert "About Birch only" not in page.content.decode()


def test_staff_see_each_state(stan: Client, cast: Cast) -> None:
    for state, words in (("hidden", "hidden"), ("reported", "under review"), ("removed", "removed after a report"), ("pinned", "pinned")):
        review = in_state(state, cast.alder)
        assert [label for _name, label in Review.objects.for_staff().get(pk=review.pk).states] == [words]
        assert words in stan.get(MANAGE).content.decode()


def test_the_filters(stan: Client, cast: Cast) -> None:
    made = {state: in_state(state, cast.alder) for state in STATES}
    in_state("hidden", cast.birch)
    assert found(stan, "show=hidden") == [made["hidden"]]
    assert found(stan, "show=reported") == [made["reported"]]
    assert found(stan, "show=pinned") == [made["pinned"]]
    assert found(stan, "show=unanswered") == [made["reported"], made["pinned"], made["public"]]
    assert len(found(stan, "show=nonsense&stars=9")) == len(STATES)


def test_the_filter_by_stars_uses_the_rounded_mean(stan: Client, cast: Cast) -> None:
    five = a_review(cast.alder, cooperation=5, quality=4, schedule=5, budget=4)
    four = a_review(cast.alder, cooperation=4, quality=4, schedule=5, budget=4)
    assert (found(stan, "stars=5"), found(stan, "stars=4"), found(stan, "stars=1")) == ([five], [four], [])


def test_it_is_searched_by_customer_and_by_project(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH")
    project = ProjectFactory(customer__agency=cast.alder, title="Relaunch of the shop")
    of_customer = ReviewFactory(review_request__customer=customer)
    of_project = ReviewFactory(review_request__customer=project.customer, review_request__project=project)
    assert found(stan, "q=muellerei") == [of_customer]
    assert found(stan, "q=relaunch") == [of_project]
    assert found(stan, "about=project") == [of_project]
    assert found(stan, "about=company") == [of_customer]
    page = stan.get(f"{MANAGE}?q=nobodyiscalledlikethis").content.decode()
    assert "No results" in page


def test_the_statistics_count_each_state_correctly(stan: Client, cast: Cast) -> None:
    for state in STATES:
        in_state(state, cast.alder)
    ReviewRequestFactory(customer__agency=cast.alder)
    ReviewRequestFactory(customer__agency=cast.alder, status="withdrawn")
    ReviewRequestFactory(customer__agency=cast.alder, expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    page = stan.get(MANAGE)
    stats = page.context["stats"]
    assert (stats.requested, stats.answered, stats.pending, stats.answer_rate) == (9, 7, 1, 78)
    # Neither the removed nor the withdrawn one counts; the hidden one does.
    assert (stats.summary.count, stats.summary.hidden, stats.recent) == (5, 1, 5)
    assert "7 of 9 requests" in page.content.decode()


def test_pending_requests_are_counted_up_to_a_limit(stan: Client, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.COMPILED_QUERIES = False
    monkeypatch.setattr("reviews.queries.stats.COUNT_LIMIT", 2)
    ReviewFactory(review_request__customer__agency=cast.alder)
    ReviewRequestFactory.create_batch(2, customer__agency=cast.alder)
    assert '<span class="review-figure">2</span>' in stan.get(MANAGE).content.decode()
    ReviewRequestFactory(customer__agency=cast.alder)
    assert '<span class="review-figure">2+</span>' in stan.get(MANAGE).content.decode()


@time_machine.travel(datetime(2026, 3, 15, 12, tzinfo=UTC), tick=False)
def test_the_chart_has_twelve_months_in_the_agencys_time_zone(stan: Client, cast: Cast) -> None:
    cast.alder.time_zone = "Europe/Berlin"
    cast.alder.save()
    moments = {
        datetime(2026, 3, 1, tzinfo=UTC): 2,
        datetime(2026, 1, 31, 23, 30, tzinfo=UTC): 1,  # February in Berlin
        datetime(2025, 4, 1, tzinfo=UTC): 4,
        datetime(2025, 3, 31, 12, tzinfo=UTC): 1,  # too long ago
    }
    for moment, number in moments.items():
        for _ in range(number):
            Review.objects.filter(pk=a_review(cast.alder).pk).update(created_at=moment)
    months = stan.get(MANAGE).context["stats"].months
    assert len(months) == 12
    assert {month.first.isoformat(): (month.count, month.percent) for month in months if month.count} == {
        "2025-04-01": (4, 100),
        "2026-02-01": (1, 25),
        "2026-03-01": (2, 50),
    }


@pytest.mark.parametrize("rows", [27, 60])
def test_paging_shows_each_once(stan: Client, cast: Cast, rows: int) -> None:
    customer: Any = CustomerFactory(agency=cast.alder)
    requests = ReviewRequest.objects.bulk_create(
        ReviewRequest(agency=cast.alder, customer=customer, token_digest=str(n), status="answered", answered_at=datetime.now(UTC))
        for n in range(rows)
    )
    ratings = same_rating(5)
    Review.objects.bulk_create(Review(agency=cast.alder, request=review_request, author="Lea", **ratings) for review_request in requests)
    seen, query = [], ""
    while True:
        page = stan.get(f"{MANAGE}{query}").context["page"]
        seen += [review.pk for review in page.items]
        query = page.next_url
        if not query:
            break
    assert seen == sorted(Review.objects.values_list("pk", flat=True), reverse=True)


def test_the_comment_is_below_its_review(stan: Client, cast: Cast) -> None:
    comment_on_review(a_review(cast.alder), text="Thank you for the flour.", by=cast.max)
    assert "Thank you for the flour." in stan.get(MANAGE).content.decode()


def rows_of(client: Client) -> list[str]:
    """Return the HTML of the reviews in the list."""
    return re.findall(r"<article.*?</article>", client.get(MANAGE).content.decode(), re.DOTALL)


def test_rows_that_the_list_remembers_follow_each_change(cast: Cast, alice: Client, stan: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = a_review(cast.alder), a_review(cast.alder, text="")
    own = partial(Agency.objects.filter(pk=cast.alder.pk).update, name="Alder & Sons")
    changes: list[Callable[[], Any]] = [
        lambda: None,
        lambda: pin_review(first, by=cast.alice),
        lambda: pin_review(second, by=cast.alice),
        lambda: save_reply_draft(first, text="Thank you", loaded="", by=cast.alice),
        lambda: comment_on_review(first, text="Thank you", by=cast.alice),
        own,
        lambda: hide_review(second, reason="other", by=cast.alice),
        lambda: report_review(first, reason="offensive", details="", by=cast.alice),
        lambda: type(first.request.customer).objects.filter(pk=first.request.customer_id).update(company="Zed GmbH", last_name=""),
        lambda: Review.objects.filter(pk=second.pk).update(text="Late words", edited_at=datetime(2026, 1, 2, tzinfo=UTC)),
        lambda: PartnerProfile.objects.filter(agency=cast.alder).update(status="draft"),
    ]
    before: list[str] = []
    for number, change in enumerate(changes):
        change()
        shown = [rows_of(alice), rows_of(stan)]
        with monkeypatch.context() as patched:
            patched.setattr(remembered, "_digest", lambda *_parts: secrets.token_bytes(16))
            assert shown == [rows_of(alice), rows_of(stan)], number
        assert shown[0] != before, number
        assert shown[0] != shown[1]
        before = shown[0]
