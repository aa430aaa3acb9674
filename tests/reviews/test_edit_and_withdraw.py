"""Editing and withdrawing a review after it was submitted."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from reviews.models import RatingSummary, Review
from reviews.services.reviews import NotEditable, comment_on_review, edit_review, withdraw_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.review_states import a_review, in_state


def test_a_change_is_marked_and_the_comment_stays(cast: Cast) -> None:
    review = a_review(cast.alder)
    comment_on_review(review, text="Thank you.", by=cast.max)
    edit_review(review, cooperation=1, text="On second thoughts …")
    page = Client().get("/partners/alder/").content.decode()
    for words in ("On second thoughts …", "(edited)", "Thank you."):
        assert words in page
    assert RatingSummary.objects.get(agency=cast.alder).cooperation_sum == 1
    event = AuditEvent.objects.first()
    assert (event.action, event.source, event.actor_label) == ("review.edited", "link", "")


def test_saving_without_changes_is_not_an_edit(cast: Cast) -> None:
    review = a_review(cast.alder)
    events = AuditEvent.objects.count()
    edit_review(review, cooperation=review.cooperation, text=review.text)
    review.refresh_from_db()
    assert (review.edited_at, AuditEvent.objects.count()) == (None, events)


@pytest.mark.parametrize("state", ["removed", "withdrawn"])
def test_reviews_off_the_profile_can_not_be_edited(cast: Cast, state: str) -> None:
    review = in_state(state, cast.alder)
    with pytest.raises(NotEditable):
        edit_review(review, text="Something else")


def test_it_can_not_be_edited_after_the_editing_period(cast: Cast) -> None:
    review = a_review(cast.alder)
    end = review.created_at + timedelta(days=settings.REVIEW_EDIT_DAYS)
    with time_machine.travel(end - timedelta(minutes=1)):
        edit_review(review, text="In time")
    with time_machine.travel(end + timedelta(minutes=1)), pytest.raises(NotEditable):
        edit_review(review, text="Too late")
    review.refresh_from_db()
    assert review.text == "In time"


def test_withdrawing_removes_text_name_and_stars(cast: Cast) -> None:
    review = a_review(cast.alder, text="Secret words")
    comment_on_review(review, text="Thank you for your words.", by=cast.max)
    assert withdraw_review(review)
    assert not withdraw_review(review)
    review.refresh_from_db()
    assert (review.text, review.author) == ("", "")
    assert RatingSummary.objects.get(agency=cast.alder).count == 0
    page = Client().get("/partners/alder/").content.decode()
    assert "Thank you for your words." not in page
    assert "No reviews yet" in page


@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_withdrawals_take_effect_once(cast: Cast) -> None:
    review = a_review(cast.alder)
    assert sorted(at_once(10, lambda n: withdraw_review(review))) == [False] * 9 + [True]
    assert RatingSummary.objects.get(agency=cast.alder).figures() == dict.fromkeys(RatingSummary.totals(), 0) | {
        "withdrawn": 1,
        "requested": 1,
        "answered": 1,
    }


@pytest.mark.parametrize(
    ("display_name_as", "author", "label"),
    [
        ("full", "Lea Brandt", "Lea Brandt"),
        ("initial", "Lea Brandt", "Lea B."),
        ("initial", "Lea von der Heide", "Lea H."),
        ("initial", "Lea", "Lea"),
        ("initial", " Lea  ", "Lea"),
        ("company", "Müllerei Größe GmbH", "Müllerei Größe GmbH"),
        ("anonymous", "Lea Brandt", "Verified customer"),
        ("anonymous", "", "Former customer"),
    ],
)
def test_the_author_is_shown_as_they_chose(display_name_as: str, author: str, label: str) -> None:
    assert Review(display_name_as=display_name_as, author=author).author_label == label


def test_the_author_of_a_withdrawn_review_is_still_a_customer() -> None:
    assert Review(display_name_as="full", author="", withdrawn_at=timezone.now()).author_label == "Verified customer"


def test_the_editing_period_ends_after_two_weeks(cast: Cast) -> None:
    review: Any = a_review(cast.alder)
    assert review.is_editable
    assert review.editable_until - timezone.now() > timedelta(days=13)


@pytest.mark.django_db(transaction=True)
def test_concurrent_edits_and_erasures_leave_no_name(cast: Cast) -> None:
    for _ in range(10):
        review = a_review(cast.alder)
        customer = review.request.customer

        def act(n: int, review: Review = review, customer: Customer = customer) -> object:
            return erase_customer(customer, by=cast.alice) if n == 0 else edit_review(review, author=f"Lea {n}", text=f"Text {n}")

        erased, *edited = at_once(6, act)
        assert erased is True
        assert all(isinstance(result, Review | NotEditable) for result in edited)
        review.refresh_from_db()
        assert review.author == ""
