"""“Pin review to top”: at most five in an order that the agency sets, also under concurrency."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from partnerportal.agencies.models import Agency
from reviews.models import Review
from reviews.services.reviews import PinLimitReached, hide_review, move_pin, pin_review, unpin_review, withdraw_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.review_states import a_review


def pinned(agency: Agency) -> list[Review]:
    reviews = list(agency.reviews.pinned())
    assert [review.pin_position for review in reviews] == list(range(1, len(reviews) + 1))
    return reviews


def pin_five(cast: Cast) -> list[Review]:
    reviews = [a_review(cast.alder, author=f"Author {n}") for n in range(1, 6)]
    for review in reviews:
        assert pin_review(review, by=cast.max)
    assert pinned(cast.alder) == reviews
    return reviews


def test_a_sixth_pin_is_rejected_with_a_choice_of_one_to_replace(alice: Client, cast: Cast) -> None:
    five, sixth = pin_five(cast), a_review(cast.alder)
    page = alice.post(f"/company/reviews/{sixth.pk}/pin/", {"next": "/partners/alder/"})
    assert page.status_code == 409
    text = page.content.decode()
    assert "You’ve already pinned five reviews" in text
    assert all(review.author in text for review in five)
    assert pinned(cast.alder) == five

    assert alice.post(f"/company/reviews/{sixth.pk}/pin/", {"instead_of": five[2].pk, "next": "/partners/alder/"}).url == "/partners/alder/"
    assert pinned(cast.alder) == [five[0], five[1], sixth, five[3], five[4]]


def test_the_first_can_not_move_up_nor_the_last_down(alice: Client, cast: Cast) -> None:
    five = pin_five(cast)
    move_pin(five[4], up=True, by=cast.max)
    for address in ("/partners/alder/", "/company/reviews/"):
        page = alice.get(address).content.decode()
        offered = {
            review.pk: {way for way in ("up", "down") if f'direction={way}"' in part}
            for part in re.split('<article class="(?:review|quote)"', page)[1:]
            for review in five
            if f'id="review-{review.pk}"' in part
        }
        both = {"up", "down"}
        assert offered == {five[0].pk: {"down"}, five[1].pk: both, five[2].pk: both, five[4].pk: both, five[3].pk: {"up"}}


@pytest.mark.parametrize("instead_of", ["", "0", "x", "9" * 40, "²"])
def test_a_sixth_pin_in_place_of_an_invalid_one_is_rejected(alice: Client, cast: Cast, instead_of: str) -> None:
    five, sixth = pin_five(cast), a_review(cast.alder)
    assert alice.post(f"/company/reviews/{sixth.pk}/pin/", {"instead_of": instead_of}).status_code == 409
    assert pinned(cast.alder) == five


def test_another_agencys_pin_can_not_be_replaced(alice: Client, cast: Cast) -> None:
    five, sixth, foreign = pin_five(cast), a_review(cast.alder), a_review(cast.birch)
    pin_review(foreign, by=cast.charlie)
    assert alice.post(f"/company/reviews/{sixth.pk}/pin/", {"instead_of": foreign.pk}).status_code == 409
    assert (pinned(cast.alder), pinned(cast.birch)) == (five, [foreign])


def test_unpinned_hidden_and_withdrawn_reviews_leave_no_gap(cast: Cast) -> None:
    five = pin_five(cast)
    assert unpin_review(five[1], by=cast.max)
    assert hide_review(five[3], reason="outdated", by=cast.max)
    assert pinned(cast.alder) == [five[0], five[2], five[4]]
    assert withdraw_review(five[0])
    assert pinned(cast.alder) == [five[2], five[4]]


def test_the_order_can_be_changed(alice: Client, cast: Cast) -> None:
    five = pin_five(cast)
    alice.post(f"/company/reviews/{five[4].pk}/move/", {"direction": "up"})
    alice.post(f"/company/reviews/{five[0].pk}/move/", {"direction": "down"})
    assert pinned(cast.alder) == [five[1], five[0], five[2], five[4], five[3]]
    assert not move_pin(five[1], up=True, by=cast.max)
    assert not move_pin(five[3], up=False, by=cast.max)
    page = alice.get("/company/reviews/?show=pinned")
    assert page.context["page"].items == pinned(cast.alder)


@pytest.mark.django_db(transaction=True)
def test_five_of_twenty_concurrent_pins_are_saved(cast: Cast) -> None:
    reviews = [a_review(cast.alder) for _ in range(20)]
    results = at_once(20, lambda n: pin_review(reviews[n], by=cast.max))
    assert [type(result) for result in results if result is not True] == [PinLimitReached] * 15
    assert len(pinned(cast.alder)) == 5


@pytest.mark.django_db(transaction=True)
def test_a_review_is_hidden_or_pinned_but_never_both(cast: Cast) -> None:
    for _ in range(5):
        review = a_review(cast.alder)
        at_once(
            4, lambda n, review=review: hide_review(review, reason="other", by=cast.max) if n % 2 else pin_review(review, by=cast.alice)
        )
        review.refresh_from_db()
        assert (review.hidden_at is not None, review.pin_position) == (True, None)
    assert pinned(cast.alder) == []


@pytest.mark.django_db(transaction=True)
def test_concurrent_moves_lose_no_pin(cast: Cast) -> None:
    five = pin_five(cast)
    results = at_once(10, lambda n: move_pin(five[n % 5], up=n % 2 == 0, by=cast.max))
    assert not [result for result in results if isinstance(result, Exception)]
    assert set(pinned(cast.alder)) == set(five)


def test_the_database_allows_each_of_five_positions_once(cast: Cast) -> None:
    pin_five(cast)
    first, second = pinned(cast.alder)[:2]
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(pk=first.pk).update(pin_position=second.pin_position)
