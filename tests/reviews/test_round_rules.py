"""Whom a round selects and leaves out, and why. Never by ratings."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.merging.services import merge_customers
from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from reviews.models import Review, ReviewOptOut, ReviewRequest, ReviewRound
from reviews.rounds.queries import rated_projects
from reviews.rounds.runner import steps
from reviews.rounds.services import start_round
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, CustomerTagFactory, ProjectFactory, TagFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating
from tests.factories.rounds import RoundFactory
from tests.reviews.round_helpers import WORKDAY, at, completed, outcomes, work


def planned(cast: Cast, **fields: Any) -> ReviewRound:
    review_round: ReviewRound = RoundFactory(agency=cast.alder, by=cast.max, **fields)
    return review_round


def customer(cast: Cast, **fields: Any) -> Customer:
    made: Customer = CustomerFactory(agency=cast.alder, **fields)
    return made


def asked(customer: Customer, *, days: int, **fields: Any) -> ReviewRequest:
    """Return an expired request of a customer that was made some days ago."""
    request: ReviewRequest = ReviewRequestFactory(customer=customer, **fields)
    return long_ago(request, days=days)


def reviewed(customer: Customer, *, days: int, project: Any = None, **ratings: Any) -> Review:
    """Return a review of a customer who was asked some days ago."""
    review: Review = ReviewFactory(review_request__customer=customer, review_request__project=project, **ratings)
    long_ago(review.request, days=days)
    return review


def long_ago(request: ReviewRequest, *, days: int) -> ReviewRequest:
    then = timezone.now() - timedelta(days=days)
    ReviewRequest.objects.filter(pk=request.pk).update(created_at=then, expires_at=then + timedelta(minutes=1))
    return request


def test_customers_are_selected_by_tag(cast: Cast) -> None:
    tagged, other, _untagged = customer(cast), customer(cast), customer(cast)
    CustomerFactory(agency=cast.birch)
    tag = TagFactory(agency=cast.alder)
    CustomerTagFactory(customer=tagged, tag=tag)
    CustomerTagFactory(customer=other, tag=TagFactory(agency=cast.alder))
    assert outcomes(planned(cast, tag_id=tag.pk)) == {tagged.email: "waiting"}
    assert len(outcomes(planned(cast))) == 3
    key = tag.pk
    tag.delete()
    assert outcomes(planned(cast, tag_id=key)) == {}


def test_customers_are_selected_by_account_manager(cast: Cast) -> None:
    ours = customer(cast, responsible=cast.stan)
    customer(cast, responsible=cast.alice)
    customer(cast)
    assert outcomes(planned(cast, responsible_id=cast.stan.pk)) == {ours.email: "waiting"}


def test_customers_are_selected_by_projects_completed_since_a_date(cast: Cast) -> None:
    on_the_day, before, active, none, rated = (customer(cast) for _ in range(5))
    completed("2026-05-01T00:00", customer=on_the_day, title="Shop")
    completed("2026-04-30T23:59", customer=before)
    ProjectFactory(customer=active, status="active")
    ReviewFactory(review_request__customer=rated, review_request__project=completed("2026-05-01T12:00", customer=rated))
    with at(WORKDAY):
        review_round = planned(cast, completed_since=date(2026, 5, 1))
    assert outcomes(review_round) == {on_the_day.email: "waiting", rated.email: "reviewed"}
    assert rated_projects(review_round, [on_the_day.pk, rated.pk, none.pk]) == {on_the_day.pk: "Shop"}
    assert rated_projects(planned(cast), [on_the_day.pk]) == {}


def test_projects_that_are_reopened_no_longer_match(cast: Cast) -> None:
    project = completed("2026-05-01T12:00", customer=customer(cast))
    with at(WORKDAY):
        review_round = planned(cast, completed_since=date(2026, 5, 1))
        start_round(review_round, by=cast.max)
        project.status = "active"
        project.save()
        work(review_round)
    assert list(outcomes(review_round).values()) == ["unmatched"]


def test_everyone_who_is_left_out_has_a_reason(cast: Cast) -> None:
    fine, _no_email, archived, erased, unsubscribed, member, alias, pending, recent, early, rated = (
        customer(cast, email="" if n == 1 else f"c{n}@clients.example") for n in range(11)
    )
    archive_customer(archived, by=cast.stan)
    erase_customer(erased, by=cast.alice)
    ReviewOptOut.objects.create(agency=cast.alder, address_digest=address_digest(unsubscribed.email))
    Customer.objects.filter(pk=member.pk).update(email=cast.stan.email)
    Customer.objects.filter(pk=alias.pk).update(email="alice+private@alder.example")
    ReviewRequestFactory(customer=pending, project=ProjectFactory(customer=pending))
    asked(recent, days=364)
    asked(early, days=366)
    reviewed(rated, days=800)
    # Another agency's opt-outs and members have no effect here.
    ReviewOptOut.objects.create(agency=cast.birch, address_digest=address_digest(fine.email))
    Customer.objects.filter(pk=early.pk).update(email=cast.charlie.email)
    review_round = planned(cast)
    assert outcomes(review_round) == {
        fine.email: "waiting",
        "": "no_email",
        archived.email: "archived",
        unsubscribed.email: "unsubscribed",
        cast.stan.email: "own_staff",
        "alice+private@alder.example": "own_staff",
        pending.email: "open",
        recent.email: "recent",
        cast.charlie.email: "waiting",
        rated.email: "reviewed",
    }
    assert (review_round.total, review_round.waiting) == (10, 2)
    assert review_round.counts == {
        "no_email": 1,
        "archived": 1,
        "unsubscribed": 1,
        "own_staff": 2,
        "open": 1,
        "recent": 1,
        "reviewed": 1,
    }


@pytest.mark.parametrize(
    ("not_asked_days", "days", "outcome"), [(300, 299, "recent"), (300, 301, "waiting"), (0, 182, "recent"), (0, 184, "waiting")]
)
def test_how_long_a_customer_is_not_asked_again(cast: Cast, not_asked_days: int, days: int, outcome: str) -> None:
    # The waiting time of single requests always applies.
    asked(customer(cast), days=days)
    assert list(outcomes(planned(cast, not_asked_days=not_asked_days)).values()) == [outcome]


@pytest.mark.parametrize(("days", "outcome"), [(10, "recent"), (400, "waiting")])
def test_requests_that_stay_with_a_merged_customer_count(cast: Cast, days: int, outcome: str) -> None:
    first, second, third = customer(cast), customer(cast), customer(cast)
    completed("2026-05-01T12:00", customer=first)
    reviewed(third, days=days, project=completed("2026-05-01T12:00", customer=third))
    merge_customers(second, third, values={}, by=cast.max)
    second.refresh_from_db()
    merge_customers(first, second, values={}, by=cast.max)
    assert outcomes(planned(cast, completed_since=date(2026, 5, 1))) == {first.email: outcome}


def test_a_review_that_stays_with_a_merged_customer_counts(cast: Cast) -> None:
    first, second = customer(cast), customer(cast)
    reviewed(second, days=800)
    merge_customers(first, second, values={}, by=cast.max)
    assert outcomes(planned(cast)) == {first.email: "reviewed"}


def test_a_request_sent_lately_counts_from_its_email(cast: Cast) -> None:
    request = asked(customer(cast), days=400)
    ReviewRequest.objects.filter(pk=request.pk).update(mailed_at=timezone.now() - timedelta(days=2))
    assert list(outcomes(planned(cast)).values()) == ["recent"]


def test_customers_are_chosen_regardless_of_their_ratings(cast: Cast) -> None:
    emails = []
    for stars in (1, 2, 3, 4, 5):
        for hidden in (False, True):
            one = customer(cast)
            project = completed("2024-05-01T12:00", customer=one)
            review = reviewed(one, days=900, project=project, **same_rating(stars))
            if hidden:
                Review.objects.filter(pk=review.pk).update(hidden_at=timezone.now(), hidden_reason="outdated")
            completed("2026-05-01T12:00", customer=one)
            emails.append(one.email)
    with CaptureQueriesContext(connection) as queries, at(WORKDAY):
        for fields in ({}, {"completed_since": date(2026, 5, 1)}):
            assert outcomes(planned(cast, **fields)) == dict.fromkeys(emails, "waiting")
        review_round = planned(cast)
        start_round(review_round, by=cast.max)
        assert len(list(steps(review_round.pk))) == len(emails)
        assert set(outcomes(review_round).values()) == {"requested"}
    read = " ".join(query["sql"] for query in queries)
    assert "reviews_reviewrequest" in read
    for table in ("reviews_review", "reviews_ratingsummary", "reviews_reviewmonth", "reviews_reviewcomment", "reviews_reviewreport"):
        assert f'"{table}"' not in read
