"""`/company/reviews/stats/`: ratings, answer rates and answer times by quarter and by round, and their CSV files."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from partnerportal.agencies.models import Agency
from reviews.models import Review, ReviewRequest, ReviewRound
from tests.cast import Cast
from tests.factories.review_states import a_review, in_state
from tests.factories.reviews import ReviewRequestFactory

STATS = "/company/reviews/stats/"


@pytest.fixture(autouse=True)
def june() -> Iterator[None]:
    """It is June 2026 in the agency's time zone."""
    with time_machine.travel("2026-06-15T10:00Z", tick=False):
        yield


def answered(agency: Agency, requested: str, days: float = 0, **ratings: int) -> Review:
    """Return a review submitted some days after its request."""
    review = a_review(agency, **ratings)
    moment = datetime.fromisoformat(requested).replace(tzinfo=UTC)
    submitted = moment + timedelta(days=days)
    Review.objects.filter(pk=review.pk).update(created_at=submitted)
    ReviewRequest.objects.filter(pk=review.request_id).update(created_at=moment, answered_at=submitted)
    return review


def stats_of(client: Client, query: str = "") -> Any:
    return client.get(f"{STATS}{query}").context["stats"]


def rows_of(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter="," if "," in text.splitlines()[0] else ";"))


def test_ratings_and_categories_by_quarter(stan: Client, cast: Cast) -> None:
    answered(cast.alder, "2025-11-02", cooperation=5, quality=4, schedule=4, budget=4)
    answered(cast.alder, "2026-04-01", cooperation=1, quality=1, schedule=1, budget=1)
    answered(cast.alder, "2026-06-10", cooperation=5, quality=5, schedule=2, budget=4)
    answered(cast.birch, "2026-06-10")
    stats = stats_of(stan)
    assert [(quarter.label, quarter.ratings.count, quarter.ratings.average) for quarter in stats.quarters] == [
        ("Q3 2025", 0, None),
        ("Q4 2025", 1, Decimal("4.25")),
        ("Q1 2026", 0, None),
        ("Q2 2026", 2, Decimal("2.5")),
    ]
    assert [category.value for category in stats.quarters[-1].ratings.categories] == [3, 3, Decimal("1.5"), Decimal("2.5")]
    assert (stats.ratings.count, stats.ratings.average) == (3, Decimal(37) / 12)
    assert [(line.stars, line.count, line.percent) for line in stats.ratings.distribution] == [
        (5, 0, 0),
        (4, 2, 67),
        (3, 0, 0),
        (2, 0, 0),
        (1, 1, 33),
    ]


def test_quarters_begin_in_the_agencys_time_zone(stan: Client, cast: Cast) -> None:
    answered(cast.alder, "2026-03-31T22:30")
    assert [quarter.ratings.count for quarter in stats_of(stan).quarters] == [0, 0, 0, 1]
    cast.alder.time_zone = "America/New_York"
    cast.alder.save()
    assert [quarter.ratings.count for quarter in stats_of(stan).quarters] == [0, 0, 1, 0]


def test_hidden_reviews_count_while_withdrawn_and_removed_ones_do_not(stan: Client, cast: Cast) -> None:
    for state in ("public", "hidden", "withdrawn", "removed"):
        in_state(state, cast.alder)
    stats = stats_of(stan)
    assert stats.ratings.count == 2
    # Their requests were answered all the same.
    assert (stats.answers.requested, stats.answers.answered) == (4, 4)


def test_answer_rate_by_the_quarter_of_the_request(stan: Client, cast: Cast) -> None:
    answered(cast.alder, "2026-03-30", days=5)
    requests = [ReviewRequestFactory(customer__agency=cast.alder) for _ in range(3)]
    ReviewRequest.objects.filter(pk=requests[0].pk).update(created_at=datetime(2026, 2, 1, tzinfo=UTC), status="expired")
    ReviewRequest.objects.filter(pk=requests[1].pk).update(status="withdrawn", withdrawn_at=timezone.now())
    stats = stats_of(stan)
    assert [(q.label, q.answers.requested, q.answers.answered, q.answers.rate) for q in stats.quarters[2:]] == [
        ("Q1 2026", 2, 1, 50),
        ("Q2 2026", 1, 0, 0),
    ]
    assert (stats.quarters[0].answers.rate, stats.answers.rate) == (None, 33)


@pytest.mark.parametrize(
    ("waits", "median"), [([3], 3), ([0, 0, 9], 0), ([1, 2, 4, 40], 3), ([1, 2], Decimal("1.5")), ([2, 2, 2, 5, 6], 2), ([], None)]
)
def test_median_time_to_answer(stan: Client, cast: Cast, waits: list[int], median: Decimal | None) -> None:
    ReviewRequestFactory(customer__agency=cast.alder)
    for days in waits:
        answered(cast.alder, "2026-05-01", days=days)
    assert stats_of(stan).answers.median == median


def test_distribution_of_the_time_to_answer(stan: Client, cast: Cast) -> None:
    # In Berlin, an hour later is already the next day.
    for days in (1 / 24, 0, 2, 3, 7, 31, 32, 60):
        answered(cast.alder, "2026-04-02T21:30", days=days)
    waits = stats_of(stan).answers.waits
    assert {(wait.first, wait.last): (wait.count, wait.percent) for wait in waits} == {
        (0, 0): (1, 12),
        (1, 1): (1, 12),
        (2, 3): (2, 25),
        (4, 7): (1, 12),
        (8, 14): (0, 0),
        (15, 30): (0, 0),
        (31, None): (3, 38),
    }


@pytest.mark.parametrize(("query", "number"), [("", 8), ("?quarters=4", 4), ("?quarters=12", 12), ("?quarters=5", 8), ("?quarters=x", 8)])
def test_the_period_can_be_chosen(stan: Client, cast: Cast, query: str, number: int) -> None:
    answered(cast.alder, "2023-08-01")
    answered(cast.alder, "2024-08-01")
    answered(cast.alder, "2026-05-01")
    stats = stats_of(stan, query)
    assert (len(stats.quarters), stats.quarters[-1].label) == (number, "Q2 2026")
    assert stats.ratings.count == {4: 1, 8: 2, 12: 3}[number]


def test_quarters_before_the_first_request_are_left_out(stan: Client, cast: Cast) -> None:
    answered(cast.alder, "2025-04-01")
    assert stats_of(stan, "?quarters=12").quarters[0].label == "Q2 2025"


def test_a_quarter_without_reviews_is_a_gap(stan: Client, cast: Cast) -> None:
    answered(cast.alder, "2025-11-02")
    answered(cast.alder, "2026-06-10")
    page = stan.get(STATS).content.decode()
    ratings = page.split('id="ratings"')[1].split("<table")[0]
    assert (ratings.count("column-part"), ratings.count("column-gap")) == (2, 2)


def test_without_reviews_it_says_what_to_do(stan: Client, cast: Cast) -> None:
    page = stan.get(STATS).content.decode()
    assert "No reviews or requests in this period" in page
    assert 'href="/company/reviews/request/"' in page
    ReviewRequestFactory(customer__agency=cast.alder)
    page = stan.get(STATS).content.decode()
    assert "No reviews in this period" in page
    assert "No answers in this period" in page


def a_round(agency: Agency, name: str, *, waiting: int = 0, answers: int = 0) -> ReviewRound:
    created: ReviewRound = ReviewRound.objects.create(agency=agency, name=name, status="running", started_at=timezone.now())
    requests = [ReviewRequestFactory(customer__agency=agency).pk for _ in range(waiting)]
    requests += [a_review(agency).request_id for _ in range(answers)]
    ReviewRequest.objects.filter(pk__in=requests).update(round=created)
    return created


def test_answer_rate_by_round(stan: Client, cast: Cast) -> None:
    for number in range(11):
        a_round(cast.alder, f"Old {number}")
    a_round(cast.alder, "Spring", waiting=2, answers=1)
    withdrawn = a_round(cast.alder, "Autumn", waiting=2, answers=1).requests.filter(status="open").first()
    ReviewRequest.objects.filter(pk=withdrawn.pk).update(status="withdrawn", withdrawn_at=timezone.now())
    ReviewRound.objects.create(agency=cast.alder, name="Draft", status="draft")
    a_round(cast.birch, "Theirs", waiting=1)
    rounds = stan.get(STATS).context["rounds"]
    assert [(row.name, row.requested, row.answered, row.rate) for row in rounds[:3]] == [
        ("Autumn", 2, 1, 50),
        ("Spring", 3, 1, 33),
        ("Old 10", 0, 0, None),
    ]
    assert len(rounds) == 12


def test_csv_files_have_the_figures_of_the_page(stan: Client, cast: Cast) -> None:
    answered(cast.alder, "2026-05-01", days=2, cooperation=5, quality=4, schedule=4, budget=4)
    answered(cast.alder, "2026-05-01", days=3, cooperation=5, quality=5, schedule=5, budget=5)
    a_round(cast.alder, "=1+1")
    response = stan.get(f"{STATS}quarters.csv?quarters=4")
    assert response["Content-Disposition"] == 'attachment; filename="reviews-by-quarter.csv"'
    heading, *others, latest = rows_of(response)
    assert dict(zip(heading, latest, strict=True)) == {
        "Quarter": "Q2 2026",
        "Reviews": "2",
        "Average rating": "4.63",
        "Cooperation": "5.00",
        "Quality of service": "4.50",
        "Schedule": "4.50",
        "Budget": "4.50",
        "5 stars": "1",
        "4 stars": "1",
        "3 stars": "0",
        "2 stars": "0",
        "1 star": "0",
        "Requested": "2",
        "Answered": "2",
        "Answer rate (%)": "100",
        "Median days to answer": "2.5",
    }
    assert others[0][:4] == ["Q3 2025", "0", "", ""]
    assert rows_of(stan.get(f"{STATS}answer-times.csv"))[1:] == [["2", "1"], ["3", "1"]]
    assert rows_of(stan.get(f"{STATS}rounds.csv"))[1:] == [["'=1+1", "2026-06-15", "0", "0", ""]]


def test_german_csv_files_have_german_numbers(alice: Client, cast: Cast) -> None:
    answered(cast.alder, "2026-05-01", cooperation=5, quality=4, schedule=4, budget=4)
    response = alice.get(f"{STATS}quarters.csv", headers={"accept-language": "de"})
    assert "4,25" in b"".join(response.streaming_content).decode().split("\n")[-2].split(";")
