"""The nightly task that reports and corrects wrong rating summaries."""

import logging
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from partnerportal.agencies.models import Agency
from partnerportal.audit.models import AuditEvent
from reviews.models import RatingSummary, Review, ReviewMonth, ReviewRequest
from reviews.services.recount import repair_summaries
from reviews.services.reviews import NotEditable, edit_review, withdraw_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.review_states import STATES, a_review, in_state
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating


def test_beat_runs_it_every_night() -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["recount-ratings"]
    assert entry["task"] == "reviews.recount"
    assert (entry["schedule"].hour, entry["schedule"].minute) == ({3}, {17})


def test_correct_summaries_are_not_changed(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    for state in STATES:
        in_state(state, cast.alder)
    events = AuditEvent.objects.count()
    assert repair_summaries() == []
    assert (AuditEvent.objects.count(), caplog.records) == (events, [])


def test_wrong_summaries_are_reported_and_corrected(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    for agency in (cast.alder, cast.birch):
        a_review(agency)
    right = RatingSummary.objects.get(agency=cast.alder).figures()
    RatingSummary.objects.filter(agency=cast.alder).update(count=7, stars_4=6)
    assert repair_summaries() == [cast.alder.pk]
    assert RatingSummary.objects.get(agency=cast.alder).figures() == right
    (logged,) = caplog.records
    assert (logged.levelno, "'count': [7, 1]" in logged.getMessage()) == (logging.ERROR, True)
    event = AuditEvent.objects.first()
    assert (event.action, event.agency, event.source) == ("rating_summary.repaired", cast.alder, "system")
    assert event.data == {"wrong": {"count": [7, 1], "stars_4": [6, 1]}}
    assert repair_summaries() == []


def test_missing_and_stale_summaries_are_corrected(cast: Cast) -> None:
    a_review(cast.alder)
    RatingSummary.objects.all().delete()
    RatingSummary.objects.create(agency=cast.birch, count=3)
    assert repair_summaries() == [cast.alder.pk, cast.birch.pk]
    assert [RatingSummary.objects.get(agency=agency).count for agency in (cast.alder, cast.birch)] == [1, 0]


@pytest.mark.parametrize("figure", ["edited", "withdrawn", "removed"])
def test_each_figure_of_the_public_page_is_corrected(cast: Cast, figure: str) -> None:
    for state in STATES:
        in_state(state, cast.alder)
    right = RatingSummary.objects.get(agency=cast.alder).figures()
    RatingSummary.objects.filter(agency=cast.alder).update(**{figure: 7})
    assert repair_summaries() == [cast.alder.pk]
    assert RatingSummary.objects.get(agency=cast.alder).figures() == right


def months(agency: Agency) -> dict[str, int]:
    return {f"{row.month:%Y-%m-%d}": row.count for row in agency.review_months.exclude(count=0)}


def test_reviews_are_counted_by_month_of_the_agencys_time_zone(cast: Cast) -> None:
    cast.alder.time_zone = "Europe/Berlin"
    cast.alder.save()
    for moment in ("2026-01-31T22:59Z", "2026-01-31T23:00Z", "2026-02-10T12:00Z"):
        review = a_review(cast.alder)
        Review.objects.filter(pk=review.pk).update(created_at=moment)
    a_review(cast.birch)
    assert months(cast.alder) == {"2026-01-01": 1, "2026-02-01": 2}
    Review.objects.filter(pk=review.pk).update(withdrawn_at=timezone.now(), text="", author="")
    assert months(cast.alder) == {"2026-01-01": 1, "2026-02-01": 1}
    cast.alder.time_zone = "America/New_York"
    cast.alder.save()
    assert months(cast.alder) == {"2026-01-01": 2}
    for state in STATES:
        in_state(state, cast.alder)
    assert repair_summaries() == []


def test_wrong_months_are_corrected(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    a_review(cast.alder)
    right = months(cast.alder)
    cast.alder.review_months.update(count=7)
    cast.birch.review_months.create(month="2026-01-01", count=1)
    RatingSummary.objects.get_or_create(agency=cast.birch)
    assert repair_summaries() == [cast.alder.pk, cast.birch.pk]
    assert (months(cast.alder), months(cast.birch)) == (right, {})
    assert len(caplog.records) == 2
    assert repair_summaries() == []


def request_months(agency: Agency) -> dict[tuple[str, int | None], int]:
    return {(f"{row.month:%Y-%m-%d}", row.days): row.count for row in agency.request_months.exclude(count=0)}


def test_requests_are_counted_by_month_and_days_of_the_agencys_time_zone(cast: Cast) -> None:
    cast.alder.time_zone = "Europe/Berlin"
    cast.alder.save()
    waiting, withdrawn = (ReviewRequestFactory(customer__agency=cast.alder).pk for _ in range(2))
    answered = a_review(cast.alder).request_id
    ReviewRequest.objects.filter(pk__in=[waiting, withdrawn]).update(created_at="2026-02-10T12:00Z")
    ReviewRequest.objects.filter(pk=answered).update(created_at="2026-01-31T22:59Z", answered_at="2026-01-31T23:00Z")
    assert request_months(cast.alder) == {("2026-01-01", 1): 1, ("2026-02-01", None): 2}
    ReviewRequest.objects.filter(pk=withdrawn).update(status="withdrawn", withdrawn_at=timezone.now())
    ReviewRequest.objects.filter(pk=waiting).update(status="expired")
    assert request_months(cast.alder) == {("2026-01-01", 1): 1, ("2026-02-01", None): 1}
    cast.alder.time_zone = "America/New_York"
    cast.alder.save()
    assert request_months(cast.alder) == {("2026-01-01", 0): 1, ("2026-02-01", None): 1}
    ReviewRequest.objects.filter(pk=waiting).delete()
    assert request_months(cast.alder) == {("2026-01-01", 0): 1}
    assert repair_summaries() == []


def test_an_edit_changes_the_months_ratings_but_not_its_count(cast: Cast) -> None:
    review = a_review(cast.alder, **same_rating(5))
    edit_review(review, **same_rating(2))
    (month,) = cast.alder.review_months.all()
    assert (month.count, month.quality_sum, month.stars_5, month.stars_2) == (1, 2, 0, 1)
    # The sums stay the same, but not the stars.
    other = a_review(cast.alder, **same_rating(3) | {"quality": 4, "budget": 4})
    Review.objects.filter(pk=review.pk).update(quality=3)
    Review.objects.filter(pk=other.pk).update(quality=3)
    assert repair_summaries() == []


@pytest.mark.parametrize("column", ReviewMonth.totals())
def test_each_wrong_figure_of_a_month_is_corrected(cast: Cast, column: str) -> None:
    a_review(cast.alder)
    right = cast.alder.review_months.values_list(column, flat=True).get()
    cast.alder.review_months.update(**{column: 77})
    assert repair_summaries() == [cast.alder.pk]
    assert cast.alder.review_months.values_list(column, flat=True).get() == right
    # Also without reviews.
    cast.birch.review_months.create(month="2026-01-01", **{"count": 0, column: 3})
    RatingSummary.objects.get_or_create(agency=cast.birch)
    assert repair_summaries() == [cast.birch.pk]
    assert not cast.birch.review_months.exists()


@pytest.mark.parametrize("wrong", [{"count": 7}, {"days": 5}, {"days": None}, {"month": "2001-01-01"}])
def test_wrong_months_of_requests_are_corrected(cast: Cast, wrong: dict[str, Any]) -> None:
    a_review(cast.alder)
    right = request_months(cast.alder)
    cast.alder.request_months.filter(count=0).delete()
    cast.alder.request_months.update(**wrong)
    assert repair_summaries() == [cast.alder.pk]
    assert request_months(cast.alder) == right


@pytest.mark.django_db(transaction=True)
def test_answers_edits_and_a_new_time_zone_at_once_add_up(cast: Cast) -> None:
    """Reviews are submitted, edited, hidden and withdrawn while the time zone changes, without deadlocks."""
    requests = [ReviewRequestFactory(customer__agency=cast.alder) for _ in range(4)]
    reviews = [a_review(cast.alder, **same_rating(5)) for _ in range(6)]
    Review.objects.filter(pk=reviews[0].pk).update(created_at="2026-01-31T23:30Z")

    def act(number: int) -> object:
        match number % 4:
            case 0:
                return ReviewFactory(review_request=requests[number // 4], **same_rating(2))
            case 1:
                return edit_review(reviews[number // 4], **same_rating(1 + number // 4))
            case 2:
                return withdraw_review(reviews[number // 4 + 2])
            case _:
                zone = ("Asia/Tokyo", "America/New_York", "Europe/Berlin", "Pacific/Auckland")[number // 4]
                return Agency.objects.filter(pk=cast.alder.pk).update(time_zone=zone)

    results = at_once(16, act)
    # An edit can come after the withdrawal of the same review.
    assert [result for result in results if isinstance(result, Exception) and not isinstance(result, NotEditable)] == []
    assert repair_summaries() == []
    assert sum(months(cast.alder).values()) == 6
    assert sum(request_months(cast.alder).values()) == 10


@pytest.mark.django_db(transaction=True)
def test_concurrent_reviews_are_no_mismatch(cast: Cast) -> None:
    requests = [ReviewRequestFactory(customer__agency=cast.alder) for _ in range(10)]
    RatingSummary.objects.create(agency=cast.birch, count=3)
    results = at_once(20, lambda n: ReviewFactory(review_request=requests[n // 2]).pk if n % 2 else repair_summaries())
    repaired = [key for result in results[::2] for key in result]
    assert repaired == [cast.birch.pk]
    assert RatingSummary.objects.get(agency=cast.alder).count == 10


def test_request_figures_follow_each_transition(cast: Cast) -> None:
    def figures() -> tuple[int, int]:
        summary = RatingSummary.objects.get(agency=cast.alder)
        assert summary.figures() == RatingSummary.recalculated(cast.alder).figures()
        return summary.requested, summary.answered

    requests = [ReviewRequestFactory(customer__agency=cast.alder) for _ in range(3)]
    assert figures() == (3, 0)
    ReviewFactory(review_request=requests[0])
    assert figures() == (3, 1)
    ReviewRequest.objects.filter(pk=requests[1].pk).update(status="withdrawn", withdrawn_at=timezone.now())
    ReviewRequest.objects.filter(pk=requests[2].pk).update(status="expired")
    assert figures() == (2, 1)
    ReviewRequest.objects.filter(pk__in=[requests[1].pk, requests[2].pk]).delete()
    assert figures() == (1, 1)


def test_updates_without_a_transition_change_no_summary(cast: Cast) -> None:
    ReviewRequestFactory(customer__agency=cast.alder)
    RatingSummary.objects.all().delete()
    ReviewRequest.objects.update(reminded_at=timezone.now())
    assert not RatingSummary.objects.exists()


def test_wrong_request_figures_are_corrected(cast: Cast) -> None:
    ReviewRequestFactory(customer__agency=cast.alder)
    RatingSummary.objects.update(requested=5)
    assert repair_summaries() == [cast.alder.pk]
    assert RatingSummary.objects.get().requested == 1
