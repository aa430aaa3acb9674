"""Review rounds: sent on working days, paused, resumed, stopped, exactly once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from customers.services.customers import archive_customer, erase_customer
from customers.services.submissions import AlreadyAdded, new_form_number
from partnerportal.agencies.models import Membership, Role
from partnerportal.audit.models import AuditEvent
from reviews.models import ReviewOptOut, ReviewRequest, ReviewRound
from reviews.rounds import hours, runner, services
from reviews.rounds.runner import prepare
from reviews.rounds.services import (
    discard_round,
    exclude_customers,
    pause_round,
    plan_round,
    purge,
    resume_round,
    start_round,
    stop_round,
    sweep,
)
from reviews.services.requests import request_review
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory, CustomerTagFactory, TagFactory
from tests.factories.rounds import RoundFactory
from tests.reviews.round_helpers import BERLIN, WORKDAY, at, completed, outcomes, sent, work


def customers_of(cast: Cast, number: int) -> list[str]:
    return [CustomerFactory(agency=cast.alder).email for _ in range(number)]


def started(cast: Cast, **fields: Any) -> ReviewRound:
    review_round = RoundFactory(agency=cast.alder, by=cast.max, **fields)
    assert start_round(review_round, by=cast.max)
    return review_round


def events() -> list[tuple[str, Any]]:
    rows = AuditEvent.objects.filter(action__startswith="review_round.").order_by("pk")
    return [(event.action.removeprefix("review_round."), event.data["count"]) for event in rows]


def test_a_round_sends_a_number_of_requests_on_each_working_day(cast: Cast) -> None:
    emails = customers_of(cast, 5)
    with at("2026-03-27T08:59"):  # A Friday. Clocks change on Sunday.
        review_round = RoundFactory(agency=cast.alder, by=cast.max, per_day=2, greeting="Moin,", closing="Tschüss")
        assert (review_round.status, review_round.total, review_round.waiting) == ("draft", 5, 5)
        assert start_round(review_round, by=cast.max)
        work(review_round)
    assert (review_round.status, sent()) == ("running", [])
    assert review_round.resume_at == datetime(2026, 3, 27, 9, tzinfo=BERLIN)
    with at("2026-03-27T09:00"):
        work(review_round)
    assert sent() == emails[:2]
    assert review_round.resume_at == datetime(2026, 3, 30, 9, tzinfo=BERLIN)
    for moment in ("2026-03-27T16:00", "2026-03-28T10:00", "2026-03-29T10:00", "2026-03-30T08:59"):
        with at(moment):
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
    assert sent() == emails
    assert (review_round.status, review_round.requested, review_round.waiting) == ("done", 5, 0)
    assert review_round.finished_at == datetime(2026, 4, 1, 16, 59, tzinfo=BERLIN)
    assert set(ReviewRequest.objects.values_list("round", "requested_by", "status", "greeting", "closing")) == {
        (review_round.pk, cast.max.pk, "open", "Moin,", "Tschüss")
    }
    assert events() == [("started", 5), ("finished", 5)]


def test_the_day_and_its_hours_are_the_agencys(cast: Cast) -> None:
    customers_of(cast, 4)
    cast.alder.time_zone = "Pacific/Auckland"
    cast.alder.save()
    with at("2026-06-09T22:30"):  # Wednesday, 8:30 in Auckland.
        review_round = work(started(cast, per_day=1))
    assert not sent()
    with at("2026-06-09T23:00"):
        work(review_round)
    # The date in Berlin changes, that in Auckland doesn't.
    with at("2026-06-10T01:00"):
        work(review_round)
    assert len(sent()) == 1
    with at("2026-06-10T23:00"):
        work(review_round)
    assert len(sent()) == 2


def test_paused_rounds_send_nothing_until_they_are_resumed(cast: Cast) -> None:
    emails = customers_of(cast, 3)
    with at(WORKDAY):
        review_round = started(cast)
        worker = runner.steps(review_round.pk)
        next(worker)
        assert pause_round(review_round, by=cast.max)
        assert not pause_round(review_round, by=cast.max)
        assert list(worker) == []
        assert sent() == emails[:1]
        work(review_round)
        assert review_round.status == "paused"
        assert resume_round(review_round, by=cast.alice)
        assert not resume_round(review_round, by=cast.alice)
        work(review_round)
    assert sent() == emails
    # The requests remain those of the member who started the round.
    assert set(ReviewRequest.objects.values_list("requested_by", flat=True)) == {cast.max.pk}
    assert events() == [("started", 3), ("paused", 1), ("resumed", 2), ("finished", 3)]


def test_resuming_does_not_start_a_new_day(cast: Cast) -> None:
    customers_of(cast, 3)
    with at(WORKDAY):
        review_round = work(started(cast, per_day=1))
        pause_round(review_round, by=cast.max)
        resume_round(review_round, by=cast.max)
        work(review_round)
    assert len(sent()) == 1


def test_stopped_rounds_send_nothing_and_cannot_be_resumed(cast: Cast) -> None:
    emails = customers_of(cast, 3)
    with at(WORKDAY):
        review_round = started(cast)
        worker = runner.steps(review_round.pk)
        next(worker)
        assert stop_round(review_round, by=cast.alice)
        assert list(worker) == []
        work(review_round)
        assert not any(action(review_round, by=cast.alice) for action in (stop_round, resume_round, pause_round, start_round))
    review_round.refresh_from_db()
    assert (review_round.status, review_round.requested, review_round.waiting) == ("stopped", 1, 2)
    assert sent() == emails[:1]
    assert events() == [("started", 3), ("stopped", 1)]


def test_paused_rounds_can_be_stopped_but_not_discarded(cast: Cast) -> None:
    customers_of(cast, 1)
    review_round = started(cast)
    pause_round(review_round, by=cast.max)
    assert not discard_round(review_round)
    assert stop_round(review_round, by=cast.max)


def test_drafts_can_be_discarded_but_not_paused_resumed_or_stopped(cast: Cast) -> None:
    customers_of(cast, 1)
    review_round = RoundFactory(agency=cast.alder, by=cast.max)
    assert not any(action(review_round, by=cast.max) for action in (pause_round, resume_round, stop_round))
    assert discard_round(review_round)
    assert not ReviewRound.objects.exists()


def test_customers_are_checked_again_before_they_are_asked(cast: Cast) -> None:
    archived, erased, unsubscribed, colleague, asked, untagged, fine, without = (CustomerFactory(agency=cast.alder) for _ in range(8))
    tag = TagFactory(agency=cast.alder)
    given = {customer: CustomerTagFactory(customer=customer, tag=tag) for customer in cast.alder.customers.all()}
    with at(WORKDAY):
        review_round = started(cast, tag_id=tag.pk)
        assert review_round.waiting == 8
        archive_customer(archived, by=cast.stan)
        erase_customer(erased, by=cast.alice)
        ReviewOptOut.objects.create(agency=cast.alder, address_digest=address_digest(unsubscribed.email))
        cast.stan.email = colleague.email
        cast.stan.save()
        request_review(customer=asked, project=None, by=cast.stan, by_mail=False)
        given[untagged].delete()
        cast.alder.customers.filter(pk=without.pk).update(email="")
        before = len(sent())
        work(review_round)
    assert (review_round.status, len(sent()) - before) == ("done", 1)
    assert outcomes(review_round) == {
        archived.email: "archived",
        unsubscribed.email: "unsubscribed",
        colleague.email: "own_staff",
        asked.email: "open",
        untagged.email: "unmatched",
        fine.email: "requested",
        "": "no_email",
    }
    # The erased customer is no longer part of the round, only counted.
    assert not erased.round_entries.exists()
    assert (review_round.total, review_round.waiting, review_round.counts["gone"]) == (8, 0, 1)


def test_the_round_pauses_if_its_sender_is_no_longer_a_manager(cast: Cast) -> None:
    customers_of(cast, 2)
    with at(WORKDAY):
        review_round = started(cast)
        Membership.objects.filter(user=cast.max).update(role=Role.STAFF)
        work(review_round)
        assert (review_round.status, sent()) == ("paused", [])
        # The one who resumes it becomes the sender.
        resume_round(review_round, by=cast.alice)
        work(review_round)
    assert (review_round.status, len(sent())) == ("done", 2)
    assert set(ReviewRequest.objects.values_list("requested_by", flat=True)) == {cast.alice.pk}
    assert events()[:2] == [("started", 2), ("paused", 0)]


def test_exclusions_by_hand_are_counted(cast: Cast) -> None:
    emails = customers_of(cast, 3)
    no_address = CustomerFactory(agency=cast.alder, email="")
    review_round = RoundFactory(agency=cast.alder, by=cast.max)
    keys = dict(review_round.entries.values_list("customer__email", "pk"))
    assert exclude_customers(review_round, listed=keys.values(), excluded=[keys[emails[0]], keys[emails[1]], keys[no_address.email]])
    assert exclude_customers(review_round, listed=[keys[emails[1]]], excluded=[])
    # Entries of other rounds and rows that the page doesn't list stay.
    other = RoundFactory(agency=cast.alder, by=cast.max)
    exclude_customers(other, listed=keys.values(), excluded=keys.values())
    assert set(outcomes(other).values()) == {"waiting", "no_email"}
    review_round.refresh_from_db()
    assert (review_round.excluded, review_round.left_out, review_round.waiting) == (1, 2, 2)
    assert outcomes(review_round) == {emails[0]: "excluded", emails[1]: "waiting", emails[2]: "waiting", "": "no_email"}
    with at(WORKDAY):
        start_round(review_round, by=cast.max)
        assert not exclude_customers(review_round, listed=keys.values(), excluded=[])
        work(review_round)
    assert sent() == emails[1:]
    assert (review_round.excluded, review_round.counts) == (1, {"excluded": 1, "no_email": 1, "requested": 2})


def test_customers_added_after_the_preview_are_not_asked(cast: Cast) -> None:
    emails = customers_of(cast, 2)
    with at(WORKDAY):
        review_round = started(cast)
        customers_of(cast, 1)
        work(review_round)
    assert sent() == emails


def test_large_rounds_are_prepared_by_a_worker_in_batches(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    emails = customers_of(cast, 7)
    enqueued: list[int] = []
    monkeypatch.setattr(runner, "enqueue", enqueued.append)
    monkeypatch.setattr(runner, "DIRECT_LIMIT", 6)
    monkeypatch.setattr(runner, "BATCH_SIZE", 2)
    review_round = RoundFactory(agency=cast.alder, by=cast.max)
    assert (review_round.status, review_round.total, enqueued) == ("preparing", 0, [review_round.pk])
    # Nothing is sent, and it can't be started yet.
    assert not start_round(review_round, by=cast.max)
    worker = runner.steps(review_round.pk)
    next(worker)
    late = customers_of(cast, 2)
    list(worker)
    review_round.refresh_from_db()
    assert (review_round.status, review_round.total) == ("draft", 7)
    assert set(outcomes(review_round)) == set(emails)
    assert not set(late) & set(outcomes(review_round))


def test_a_form_plans_one_round(cast: Cast) -> None:
    number = new_form_number()
    first = plan_round(ReviewRound(agency=cast.alder, name="Spring"), by=cast.max, form_number=number)
    with pytest.raises(AlreadyAdded) as error:
        plan_round(ReviewRound(agency=cast.alder, name="Summer"), by=cast.max, form_number=number)
    assert error.value.added_id == first.pk
    assert ReviewRound.objects.get() == first


def test_stalled_rounds_are_enqueued_again_and_finally_fail(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    customers_of(cast, 1)
    enqueued: list[int] = []
    monkeypatch.setattr(services, "enqueue", enqueued.append)
    waiting, planned, stalled = started(cast), RoundFactory(agency=cast.alder, by=cast.max), started(cast)
    unprepared = plan_round(ReviewRound(agency=cast.alder, name="Large"), by=cast.max, form_number="")
    long_ago = timezone.now() - timedelta(hours=1)
    ReviewRound.objects.update(heard_at=long_ago)
    ReviewRound.objects.filter(pk=waiting.pk).update(resume_at=timezone.now() + timedelta(hours=9))
    assert sweep() == 2
    assert sorted(enqueued) == [stalled.pk, unprepared.pk]
    assert sweep() == 0
    for _ in range(services.MAX_ATTEMPTS):
        ReviewRound.objects.update(heard_at=long_ago)
        sweep()
    assert len(enqueued) == 2 * services.MAX_ATTEMPTS
    assert dict(ReviewRound.objects.values_list("pk", "status")) == {
        waiting.pk: "running",
        planned.pk: "draft",
        stalled.pk: "failed",
        unprepared.pk: "failed",
    }
    # Both can be resumed: one is sent, the other one first prepared.
    for review_round in (stalled, unprepared):
        assert resume_round(review_round, by=cast.max)
    with at(WORKDAY):
        assert work(stalled).status == "done"
    assert work(unprepared).status == "draft"
    assert unprepared.total == 1


def test_a_failed_preparation_can_be_discarded_but_not_stopped(cast: Cast) -> None:
    review_round = plan_round(ReviewRound(agency=cast.alder, name="Large"), by=cast.max, form_number="")
    ReviewRound.objects.update(status="failed")
    assert not stop_round(review_round, by=cast.max)
    assert discard_round(review_round)


def test_old_drafts_are_deleted(cast: Cast) -> None:
    customers_of(cast, 1)
    draft, running, new = RoundFactory(agency=cast.alder, by=cast.max), started(cast), RoundFactory(agency=cast.alder, by=cast.max)
    old = timezone.now() - timedelta(days=services.KEEP_DRAFT_DAYS, hours=1)
    ReviewRound.objects.filter(pk__in=[draft.pk, running.pk]).update(created_at=old)
    assert purge() == 1
    assert set(ReviewRound.objects.values_list("pk", flat=True)) == {running.pk, new.pk}


@pytest.mark.django_db(transaction=True)
def test_concurrent_tasks_delete_old_drafts_once(cast: Cast) -> None:
    for _ in range(4):
        RoundFactory(agency=cast.alder, by=cast.max)
    ReviewRound.objects.update(created_at=timezone.now() - timedelta(days=31))
    deleted = at_once(3, lambda _n: purge())
    assert sum(number for number in deleted if isinstance(number, int)) == 4
    assert not [error for error in deleted if isinstance(error, Exception)]
    assert not ReviewRound.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_submissions_of_a_form_plan_one_round(cast: Cast) -> None:
    customers_of(cast, 3)
    number = new_form_number()

    def plan(index: int) -> int:
        planned = plan_round(ReviewRound(agency=cast.alder, name=f"Round {index}"), by=cast.max, form_number=number)
        prepare(planned)
        return planned.pk

    results = at_once(20, plan)
    review_round = ReviewRound.objects.get()
    assert results.count(review_round.pk) == 1
    others = [result for result in results if result != review_round.pk]
    assert {type(error) for error in others} == {AlreadyAdded}
    assert {error.added_id for error in others if isinstance(error, AlreadyAdded)} == {review_round.pk}
    assert review_round.entries.count() == 3


@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_starts_and_workers_ask_each_customer_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    emails = customers_of(cast, 5)
    monkeypatch.setattr(runner, "is_open", lambda *_: True)
    review_round = RoundFactory(agency=cast.alder, by=cast.max)
    assert sorted(at_once(20, lambda _: start_round(review_round, by=cast.max))) == [False] * 19 + [True]
    assert events() == [("started", 5)]
    results = at_once(6, lambda _: len(list(runner.steps(review_round.pk))))
    assert sum(result for result in results if isinstance(result, int)) == 5
    assert sorted(sent()) == sorted(emails)
    assert events() == [("started", 5), ("finished", 5)]


@pytest.mark.django_db(transaction=True)
def test_pausing_while_workers_send(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    customers_of(cast, 8)
    monkeypatch.setattr(runner, "is_open", lambda *_: True)
    review_round = started(cast)

    def act(index: int) -> object:
        return pause_round(review_round, by=cast.max) if index == 2 else len(list(runner.steps(review_round.pk)))

    assert not [result for result in at_once(3, act) if isinstance(result, Exception)]
    review_round.refresh_from_db()
    assert review_round.status in {"paused", "done"}
    assert review_round.requested == len(sent()) == review_round.entries.filter(outcome="requested").count()


@pytest.mark.parametrize("number", [2, 1000])
def test_the_limit_is_a_number_of_requests_not_of_customers(cast: Cast, number: int) -> None:
    customers_of(cast, 3)
    with at(WORKDAY):
        review_round = started(cast, per_day=number)
        first = cast.alder.customers.order_by("number")[0]
        archive_customer(first, by=cast.stan)
        work(review_round)
    assert len(sent()) == 2
    assert ReviewRound().from_hour == hours.FROM_HOUR and ReviewRound().until_hour == hours.UNTIL_HOUR


def test_the_latest_completed_project_is_rated(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    completed("2026-05-01T12:00", customer=customer, title="Older")
    newest = completed("2026-05-02T12:00", customer=customer, title="Newer")
    with at(WORKDAY):
        work(started(cast, completed_since=date(2026, 1, 1)))
    assert ReviewRequest.objects.get().project == newest
