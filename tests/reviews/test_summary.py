"""`RatingSummary` equals a recalculation after every kind of write, and categories come from one list."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partnerportal.agencies.models import Agency
from partnerportal.network.models import UNRATED_SCORE
from reviews.models import CATEGORIES, RatingSummary, Review, rounded
from reviews.services.reports import reinstate_review, uphold_report
from reviews.services.reviews import edit_review, hide_review, withdraw_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.agencies import AgencyFactory
from tests.factories.customers import CustomerFactory
from tests.factories.review_states import a_review, reported
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating

ratings = st.fixed_dictionaries({category: st.integers(1, 5) for category in CATEGORIES})


def stored(agency: Agency) -> dict[str, int]:
    summary = RatingSummary.objects.filter(agency=agency).first()
    return (RatingSummary(agency=agency) if summary is None else summary).figures()


def recalculated(agency: Agency) -> dict[str, int]:
    return RatingSummary.recalculated(agency).figures()


def test_without_reviews_there_is_nothing_to_show(cast: Cast) -> None:
    summary = RatingSummary(agency=cast.alder)
    assert (bool(summary), summary.average, summary.categories) == (False, None, [])


def test_it_follows_create_update_and_delete(cast: Cast) -> None:
    first = ReviewFactory(review_request__customer__agency=cast.alder, **same_rating(5))
    ReviewFactory(review_request__customer__agency=cast.alder, cooperation=1, quality=2, schedule=1, budget=1)
    ReviewFactory(review_request__customer__agency=cast.birch)
    assert stored(cast.alder) == recalculated(cast.alder)
    assert (stored(cast.alder)["count"], stored(cast.birch)["count"]) == (2, 1)
    assert stored(cast.alder)["quality_sum"] == 7

    Review.objects.filter(agency=cast.alder).update(budget=3)
    assert stored(cast.alder) == recalculated(cast.alder)
    assert stored(cast.alder)["budget_sum"] == 6

    first.delete()
    assert stored(cast.alder) == recalculated(cast.alder)
    Review.objects.all().delete()
    requests = {cast.alder: {"requested": 2, "answered": 2}, cast.birch: {"requested": 1, "answered": 1}}
    for agency, figures in requests.items():
        assert stored(agency) == RatingSummary().figures() | figures


def test_many_rows_in_one_statement(cast: Cast) -> None:
    customers = [CustomerFactory(agency=agency) for agency in (cast.alder, cast.birch, cast.alder)]
    requests = [ReviewRequestFactory(customer=customer) for customer in customers]
    Review.objects.bulk_create(
        Review(agency=review_request.agency, request=review_request, **{**same_rating(4), "cooperation": 2, "budget": n + 1}, author="Lea")
        for n, review_request in enumerate(requests)
    )
    for agency in (cast.alder, cast.birch):
        assert stored(agency) == recalculated(agency)
        assert stored(agency)["count"] > 0


def test_a_rolled_back_review_was_never_counted(cast: Cast) -> None:
    with transaction.atomic():
        ReviewFactory(review_request__customer__agency=cast.alder)
        transaction.set_rollback(True)
    assert stored(cast.alder)["count"] == 0


@given(reviews=st.lists(ratings, min_size=1, max_size=8), changes=st.lists(st.tuples(st.integers(0, 7), ratings), max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_of_writes_adds_up(db: None, reviews: list[dict[str, int]], changes: list[tuple[int, dict[str, int]]]) -> None:
    with transaction.atomic():
        agency = AgencyFactory()
        written = [ReviewFactory(review_request__customer__agency=agency, **stars) for stars in reviews]
        for position, stars in changes:
            Review.objects.filter(pk=written[position % len(written)].pk).update(**stars)
        written.pop().delete()
        assert stored(agency) == recalculated(agency)
        summary = RatingSummary.objects.get(agency=agency)
        exact = [review.overall for review in Review.objects.filter(agency=agency)]
        assert summary.average == (sum(exact, Decimal()) / len(exact) if exact else None)
        assert sum(line.count for line in summary.distribution) == len(exact)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_reviews_submitted_at_once_are_all_counted(cast: Cast) -> None:
    requests = [ReviewRequestFactory(customer__agency=cast.alder) for _ in range(10)]
    at_once(10, lambda n: ReviewFactory(review_request=requests[n], cooperation=n % 5 + 1))
    assert stored(cast.alder) == recalculated(cast.alder)
    assert stored(cast.alder)["count"] == 10


def test_overall_is_the_exact_mean_and_shown_to_one_decimal(cast: Cast) -> None:
    review = ReviewFactory(review_request__customer__agency=cast.alder, cooperation=5, quality=4, schedule=4, budget=4)
    review.refresh_from_db()
    assert review.overall == Decimal("4.25")
    assert rounded(review.overall) == Decimal("4.3")


@pytest.mark.parametrize(
    ("stars", "bucket"), [((1, 1, 1, 1), 1), ((2, 1, 2, 1), 2), ((4, 4, 4, 5), 4), ((4, 5, 4, 5), 5), ((5, 5, 5, 5), 5)]
)
def test_the_distribution_rounds_halves_up(cast: Cast, stars: tuple[int, ...], bucket: int) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder, **dict(zip(CATEGORIES, stars, strict=True)))
    figures = stored(cast.alder)
    assert figures == recalculated(cast.alder)
    assert [n for n in range(1, 6) if figures[f"stars_{n}"]] == [bucket]


def test_each_category_has_its_exact_mean_and_each_number_of_stars_its_share(cast: Cast) -> None:
    for stars in ((5, 5, 5, 5), (5, 4, 4, 4), (5, 4, 3, 1)):
        ReviewFactory(review_request__customer__agency=cast.alder, **dict(zip(CATEGORIES, stars, strict=True)))
    summary = RatingSummary.objects.get(agency=cast.alder)
    assert [category.value for category in summary.categories] == [5, Decimal(13) / 3, 4, Decimal(10) / 3]
    assert [(line.stars, line.count, line.percent) for line in summary.distribution] == [
        (5, 1, 33),
        (4, 1, 33),
        (3, 1, 33),
        (2, 0, 0),
        (1, 0, 0),
    ]


def test_without_reviews_there_is_no_average_and_the_prior_score(cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder).delete()
    summary = RatingSummary.objects.get(agency=cast.alder)
    assert (summary.average_rounded, summary.ranking_score) == (None, UNRATED_SCORE)


@pytest.fixture
def requested(cast: Cast) -> Agency:
    """An agency that has requested as many reviews as an example contains. All examples use it, because each is rolled back."""
    for _ in range(12):
        ReviewRequestFactory(customer__agency=cast.alder)
    return cast.alder


@given(reviews=st.lists(ratings, min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_average_is_rounded_and_the_ranking_score_weighted(requested: Agency, reviews: list[dict[str, int]]) -> None:
    with transaction.atomic():
        Review.objects.bulk_create(
            Review(agency=requested, request=request, author="Lea", **stars)
            for request, stars in zip(requested.review_requests.all(), reviews, strict=False)
        )
        summary = RatingSummary.objects.get(agency=requested)
        assert summary.count == len(reviews)
        assert summary.average is not None
        assert summary.average_rounded == rounded(summary.average)
        weighted = (Decimal("3.5") * 7 + summary.average * summary.count) / (7 + summary.count)
        assert abs(summary.ranking_score - weighted * 1_000_000) < 1
        transaction.set_rollback(True)


def test_edited_withdrawn_and_removed_reviews_are_counted_after_each_action(cast: Cast) -> None:
    def figures() -> tuple[int, ...]:
        assert stored(cast.alder) == recalculated(cast.alder)
        return tuple(stored(cast.alder)[name] for name in ("count", "hidden", "edited", "withdrawn", "removed"))

    first, second = (a_review(cast.alder, **same_rating(4)) for _ in range(2))
    assert figures() == (2, 0, 0, 0, 0)
    for review in (first, second):
        edit_review(review, cooperation=3)
    assert figures() == (2, 0, 2, 0, 0)
    hide_review(first, reason="outdated", by=cast.alice)
    assert figures() == (2, 1, 2, 0, 0)
    report = reported(first)
    uphold_report(report, reason="It does.", by=cast.alice)
    assert figures() == (1, 0, 1, 0, 1)
    reinstate_review(report, reason="It doesn’t.", by=cast.alice)
    assert figures() == (2, 1, 2, 0, 0)
    withdraw_review(second)
    assert figures() == (1, 1, 1, 1, 0)
    # A removed review that its author withdraws, too, is counted once.
    uphold_report(reported(first), reason="It does.", by=cast.alice)
    withdraw_review(first)
    assert figures() == (0, 0, 0, 2, 0)
