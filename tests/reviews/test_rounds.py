"""Review rounds: planned, previewed, started, sent on working days, paused, resumed and stopped."""

from datetime import datetime
from zoneinfo import ZoneInfo

import time_machine

from partnerportal.outbox.models import OutgoingMail
from reviews.models import ReviewRequest, ReviewRound
from reviews.rounds.runner import steps
from reviews.rounds.services import start_round
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.rounds import RoundFactory

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> time_machine.travel:
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=BERLIN), tick=False)


def work(review_round: ReviewRound) -> ReviewRound:
    """Let a worker do all that it can do now."""
    for _step in steps(review_round.pk):
        pass
    review_round.refresh_from_db()
    return review_round


def sent() -> list[str]:
    return list(OutgoingMail.objects.filter(kind="review_request").order_by("pk").values_list("to_email", flat=True))


def test_a_round_sends_some_requests_on_each_working_day(cast: Cast) -> None:
    customers = [CustomerFactory(agency=cast.alder) for _ in range(5)]
    with at("2026-03-27T08:00"):  # A Friday; clocks change on Sunday.
        review_round = RoundFactory(agency=cast.alder, by=cast.max, per_day=2)
        assert (review_round.status, review_round.total, review_round.waiting) == ("draft", 5, 5)
        assert start_round(review_round, by=cast.max)
        work(review_round)
    assert (review_round.status, sent()) == ("running", [])
    assert review_round.resume_at == datetime(2026, 3, 27, 9, tzinfo=BERLIN)
    with at("2026-03-27T09:00"):
        work(review_round)
    assert sent() == [customer.email for customer in customers[:2]]
    assert review_round.resume_at == datetime(2026, 3, 30, 9, tzinfo=BERLIN)
    with at("2026-03-29T10:00"):
        work(review_round)
    with at("2026-03-30T08:59"):
        work(review_round)
    assert len(sent()) == 2
    with at("2026-03-30T09:00"):
        work(review_round)
    assert len(sent()) == 4
    with at("2026-03-31T17:00"):
        work(review_round)
    assert len(sent()) == 4
    with at("2026-04-01T16:59"):
        work(review_round)
    assert sent() == [customer.email for customer in customers]
    assert (review_round.status, review_round.requested, review_round.waiting) == ("done", 5, 0)
    assert set(ReviewRequest.objects.values_list("round", "requested_by", "status")) == {(review_round.pk, cast.max.pk, "open")}
