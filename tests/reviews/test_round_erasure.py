"""Rounds with customers that are erased, merged or separated again, and the page of administrators."""

import pytest
from django.test import Client

from customers.merging.services import merge_customers
from customers.merging.undo import undo_merge
from customers.models import Customer
from customers.services.customers import erase_customer
from reviews.models import ReviewRound
from reviews.rounds import automatic, runner
from reviews.rounds.services import exclude_customers, start_round
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, CustomerTagFactory, TagFactory
from tests.factories.rounds import RoundFactory
from tests.reviews.round_helpers import WORKDAY, at, completed, outcomes, sent, work


def started(cast: Cast, **fields: object) -> ReviewRound:
    review_round: ReviewRound = RoundFactory(agency=cast.alder, by=cast.max, **fields)
    start_round(review_round, by=cast.max)
    return review_round


def test_an_erased_customer_is_removed_from_all_rounds(cast: Cast) -> None:
    customer, other = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    with at(WORKDAY):
        ended = work(started(cast))
        draft = RoundFactory(agency=cast.alder, by=cast.max)
        erase_customer(customer, by=cast.alice)
    assert set(outcomes(ended)) == set(outcomes(draft)) == {other.email}
    ended.refresh_from_db()
    # The numbers stay.
    assert (ended.requested, ended.total, ended.waiting) == (2, 2, 0)


def test_a_merge_moves_the_place_in_a_round_and_an_undo_moves_it_back(cast: Cast) -> None:
    tag = TagFactory(agency=cast.alder)
    first, second = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    CustomerTagFactory(customer=second, tag=tag)
    with at(WORKDAY):
        review_round = started(cast, tag_id=tag.pk)
        assert outcomes(review_round) == {second.email: "waiting"}
        log = merge_customers(first, second, values={}, by=cast.max)
        assert outcomes(review_round) == {first.email: "waiting"}
        undo_merge(log, by=cast.max)
        assert outcomes(review_round) == {second.email: "waiting"}
        first.refresh_from_db()
        second.refresh_from_db()
        merge_customers(first, second, values={}, by=cast.max)
        work(review_round)
    assert sent() == [first.email]
    assert outcomes(review_round) == {first.email: "requested"}


def test_a_merge_of_two_customers_of_a_round_lets_it_ask_one(cast: Cast) -> None:
    first, second = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    with at(WORKDAY):
        review_round = started(cast)
        merge_customers(first, second, values={}, by=cast.max)
        work(review_round)
    assert sent() == [first.email]
    assert sorted(review_round.entries.values_list("customer", "outcome")) == [(first.pk, "requested"), (second.pk, "gone")]
    assert (review_round.status, review_round.waiting) == ("done", 0)


@pytest.mark.parametrize("change", ["erase", "merge"])
def test_a_customer_that_disappears_before_it_is_locked_is_not_counted_twice(
    cast: Cast, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    tag = TagFactory(agency=cast.alder)
    CustomerTagFactory(customer=second, tag=tag)
    lock = runner.lock_customer
    done: list[object] = []

    def lock_later(customer: Customer) -> Customer:
        if not done:
            done.append(change)
            if change == "erase":
                erase_customer(second, by=cast.alice)
            else:
                merge_customers(first, second, values={}, by=cast.max)
        return lock(customer)

    monkeypatch.setattr(runner, "lock_customer", lock_later)
    with at(WORKDAY):
        review_round = work(started(cast, tag_id=tag.pk))
    assert review_round.status == "done"
    assert sent() == ([] if change == "erase" else [first.email])
    assert review_round.counts == ({"gone": 1} if change == "erase" else {"requested": 1})


def test_administrators_see_how_many_customers_were_excluded_by_hand(cast: Cast) -> None:
    for _ in range(3):
        CustomerFactory(agency=cast.alder)
    CustomerFactory(agency=cast.alder, email="")
    review_round = RoundFactory(agency=cast.alder, by=cast.max, name="Spring", greeting="Dear friend,")
    keys = list(review_round.entries.filter(outcome="waiting").values_list("pk", flat=True))
    exclude_customers(review_round, listed=keys, excluded=keys[:2])
    with at("2026-05-01T10:00"):
        automatic.switch(cast.alder, is_on=True, days=14, by=cast.max)
    assert automatic.cancel(completed("2026-05-20T12:00", customer=CustomerFactory(agency=cast.alder)), by=cast.max)
    completed("2026-05-20T12:00", customer=CustomerFactory(agency=cast.birch))
    client = Client()
    client.force_login(cast.ada)
    page = client.get("/admin/reviews/reviewround/").content.decode()
    assert '<td class="field-number_excluded">2</td>' in page
    assert '<td class="field-number_left_out">3</td>' in page
    page = client.get(f"/admin/reviews/reviewround/{review_round.pk}/change/").content.decode()
    assert "excluded by hand: 2, no e-mail address: 1" in page
    # Texts to customers aren't shown.
    assert "Dear friend" not in page
    page = client.get("/admin/reviews/automaticrequests/").content.decode()
    assert '<td class="field-number_excluded">1</td>' in page
    assert '<td class="field-number_requested">0</td>' in page
