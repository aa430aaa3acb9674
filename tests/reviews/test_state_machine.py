"""Random sequences of actions on an agency's reviews keep the rating summary, pins and reports consistent.

Actions that the services reject in the current state must not change anything.
"""

from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from customers.services.customers import erase_customer
from reviews.models import CATEGORIES, MAX_PINNED, RatingSummary, Review, ReviewReport
from reviews.services import reports, reviews
from reviews.services.reviews import NotEditable, edit_review, withdraw_review
from tests.cast import Cast
from tests.factories.reviews import ReviewFactory

REFUSALS = (ValidationError, NotEditable, reviews.PinLimitReached)
ratings = st.fixed_dictionaries({category: st.integers(1, 5) for category in CATEGORIES})


class History(RuleBasedStateMachine):
    """A sequence of actions in one agency, in a transaction that is rolled back."""

    reviews = Bundle("reviews")

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.cast = Cast()
        self.agency = self.cast.alder

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def attempt(self, action: Any, *args: Any, **kwargs: Any) -> None:
        with suppress(*REFUSALS):
            action(*args, **kwargs)

    def a_report(self, review: Review, state: str) -> ReviewReport | None:
        return review.reports.filter(state=state).first()

    @rule(target=reviews, stars=ratings)
    def submit(self, stars: dict[str, int]) -> Review:
        return ReviewFactory(review_request__customer__agency=self.agency, **stars)

    @rule(review=reviews, stars=ratings)
    def edit(self, review: Review, stars: dict[str, int]) -> None:
        self.attempt(edit_review, review, **stars)

    @rule(review=reviews)
    def withdraw(self, review: Review) -> None:
        self.attempt(withdraw_review, review)

    @rule(review=reviews)
    def pin(self, review: Review) -> None:
        self.attempt(reviews.pin_review, review, by=self.cast.max)

    @rule(review=reviews, other=reviews)
    def pin_instead(self, review: Review, other: Review) -> None:
        self.attempt(reviews.pin_review, review, instead_of=other, by=self.cast.max)

    @rule(review=reviews)
    def unpin(self, review: Review) -> None:
        self.attempt(reviews.unpin_review, review, by=self.cast.max)

    @rule(review=reviews, up=st.booleans())
    def move(self, review: Review, up: bool) -> None:
        self.attempt(reviews.move_pin, review, up=up, by=self.cast.max)

    @rule(review=reviews)
    def comment(self, review: Review) -> None:
        self.attempt(reviews.comment_on_review, review, text="Thank you.", by=self.cast.max)

    @rule(review=reviews)
    def hide(self, review: Review) -> None:
        self.attempt(reviews.hide_review, review, reason="other", by=self.cast.max)

    @rule(review=reviews)
    def unhide(self, review: Review) -> None:
        self.attempt(reviews.unhide_review, review, by=self.cast.max)

    @rule(review=reviews)
    def report(self, review: Review) -> None:
        self.attempt(reviews.report_review, review, reason="other", details="…", by=self.cast.max)

    @rule(review=reviews, decide=st.sampled_from([reports.uphold_report, reports.dismiss_report]))
    def decide(self, review: Review, decide: Any) -> None:
        if report := self.a_report(review, "open"):
            assert decide(report, reason="Because.", by=self.cast.ada) is True

    @rule(review=reviews)
    def reinstate(self, review: Review) -> None:
        if report := self.a_report(review, "upheld"):
            reports.reinstate_review(report, reason="After all.", by=self.cast.ada)

    @rule(review=reviews)
    def erase_the_customer(self, review: Review) -> None:
        erase_customer(review.request.customer, by=self.cast.alice)

    @invariant()
    def the_summary_equals_counting_afresh(self) -> None:
        summary = RatingSummary.objects.filter(agency=self.agency).first()
        # A summary without reviews is false.
        summary = RatingSummary(agency=self.agency) if summary is None else summary
        assert summary.figures() == RatingSummary.recalculated(self.agency).figures()
        # Recalculated in Python as well.
        counted = [review for review in Review.objects.filter(agency=self.agency) if not (review.withdrawn_at or review.removed_at)]
        assert summary.count == len(counted)
        assert summary.hidden == sum(review.hidden_at is not None for review in counted)
        exact = [Decimal(sum(getattr(review, name) for name in CATEGORIES)) / len(CATEGORIES) for review in counted]
        assert summary.average == (sum(exact, Decimal()) / len(exact) if exact else None)

    @invariant()
    def the_pins_are_at_most_five_in_a_row_and_public(self) -> None:
        pinned = list(self.agency.reviews.pinned())
        assert len(pinned) <= MAX_PINNED
        assert [review.pin_position for review in pinned] == list(range(1, len(pinned) + 1))
        assert all(review.is_public for review in pinned)

    @invariant()
    def removed_is_what_an_upheld_report_says(self) -> None:
        for review in Review.objects.filter(agency=self.agency).prefetch_related("reports"):
            states = [report.state for report in review.reports.all()]
            assert (review.removed_at is not None) == ("upheld" in states)
            assert states.count("open") <= 1
            assert len(states) <= 3


def test_any_history(db: None) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        History, settings=settings(max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    )
