"""Rounds and automatic requests by real workers, which are killed at any point."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from customers.models import Customer, Project
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews.models import AutomaticRequest, AutomaticRequests, ReviewRequest, ReviewRound
from reviews.rounds import automatic, runner
from reviews.rounds.services import enqueue, pause_round, plan_round, resume_round, start_round, sweep
from tests.cast import Cast
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.polling import eventually
from tests.workers import LEASE, Process

#: Customers of a round that a worker sends, and of one that it prepares in several batches.
ROWS, MANY = 60, 1_300
#: Tables that a step writes to, in this order.
TABLES = ("reviews_reviewrequest", "outbox_outgoingmail", "reviews_roundentry", "reviews_reviewround")


@pytest.fixture
def worker(celery_worker: Process, settings: Any) -> Process:
    """A running worker. This process uses the same lease."""
    settings.IMPORT_LEASE = LEASE
    return celery_worker


def customers_of(cast: Cast, number: int) -> list[Customer]:
    return Customer.objects.bulk_create(
        Customer(agency=cast.alder, number=1001 + n, company=f"Company {n}", email=f"c{n}@clients.example") for n in range(number)
    )


def planned(cast: Cast) -> ReviewRound:
    return plan_round(ReviewRound(agency=cast.alder, name="Spring", per_day=1000), by=cast.max, form_number="")


def kill_at(worker: Process, table: str, work: Callable[[], object]) -> None:
    """Kill the worker while it writes to a table."""
    with nobody_writes(table):
        work()
        eventually(lambda: somebody_waits(table), f"the worker writes to {table}", seconds=30, otherwise=worker.logged)
        worker.kill()
    worker.start()


def sent() -> Counter[str]:
    return Counter(OutgoingMail.objects.filter(kind="review_request").values_list("to_email", flat=True))


def test_killed_workers_neither_repeat_nor_lose_requests(worker: Process, cast: Cast) -> None:
    everyone = {customer.email: 1 for customer in customers_of(cast, ROWS)}
    review_round = planned(cast)
    runner.prepare(review_round)
    start_round(review_round, by=cast.max)
    kills = 0
    for table in TABLES:
        before = sum(sent().values())
        kill_at(worker, table, lambda: enqueue(review_round.pk))
        kills += 1
        review_round.refresh_from_db()
        # The interrupted step left nothing, and the completed ones are counted.
        assert review_round.requested == sum(sent().values()) >= before
        assert review_round.entries.filter(outcome="requested").count() == review_round.requested
    for share in (0.2, 0.4, 0.6):
        enqueue(review_round.pk)
        wanted = int(share * ROWS)
        eventually(lambda wanted=wanted: sum(sent().values()) >= wanted, "some are asked", seconds=60, otherwise=worker.logged)
        worker.kill()
        kills += 1
        worker.start()

    def is_done() -> bool:
        sweep()
        review_round.refresh_from_db()
        return review_round.status == "done"

    eventually(is_done, "the round is finished", seconds=90, otherwise=worker.logged)
    # Again, as by a second sweep.
    enqueue(review_round.pk)
    assert list(runner.steps(review_round.pk)) == []
    assert kills == 7
    assert sent() == everyone
    assert Counter(ReviewRequest.objects.values_list("customer__email", "round")) == {(email, review_round.pk): 1 for email in everyone}
    assert Counter(AuditEvent.objects.values_list("action", flat=True)) == {
        "review_request.created": ROWS,
        "review_request.mailed": ROWS,
        "review_round.started": 1,
        "review_round.finished": 1,
    }
    assert (review_round.requested, review_round.waiting, review_round.total) == (ROWS, 0, ROWS)


def test_killed_workers_prepare_each_customer_once(worker: Process, cast: Cast) -> None:
    everyone = {customer.pk: 1 for customer in customers_of(cast, MANY)}
    review_round = planned(cast)
    kill_at(worker, "reviews_roundentry", lambda: runner.prepare(review_round))
    assert not review_round.entries.exists()
    kill_at(worker, "reviews_reviewround", lambda: enqueue(review_round.pk))
    assert review_round.entries.count() % runner.BATCH_SIZE == 0

    def is_prepared() -> bool:
        sweep()
        review_round.refresh_from_db()
        return review_round.status == "draft"

    eventually(is_prepared, "the round is prepared", seconds=60, otherwise=worker.logged)
    assert Counter(review_round.entries.values_list("customer", flat=True)) == everyone
    assert (review_round.total, review_round.counts) == (MANY, {})


def test_a_worker_pauses_and_continues(worker: Process, cast: Cast) -> None:
    customers_of(cast, ROWS)
    review_round = planned(cast)
    runner.prepare(review_round)
    start_round(review_round, by=cast.max)
    eventually(lambda: sum(sent().values()) >= 5, "some are asked", seconds=30, otherwise=worker.logged)
    assert pause_round(review_round, by=cast.max)
    number = sum(sent().values())
    # The worker has nothing more to do: another one also ends at once.
    assert list(runner.steps(review_round.pk)) == []
    review_round.refresh_from_db()
    assert 5 <= review_round.requested == number == sum(sent().values()) < ROWS
    resume_round(review_round, by=cast.max)

    def is_done() -> bool:
        review_round.refresh_from_db()
        return review_round.status == "done"

    eventually(is_done, "the round is finished", seconds=60, otherwise=worker.logged)
    assert sum(sent().values()) == review_round.requested == ROWS


def test_killed_workers_neither_repeat_nor_lose_automatic_requests(worker: Process, cast: Cast) -> None:
    customers = customers_of(cast, ROWS)
    everyone = {customer.email: 1 for customer in customers}
    automatic.switch(cast.alder, is_on=True, days=1, by=cast.max)
    long_ago = timezone.now() - timedelta(days=9)
    AutomaticRequests.objects.update(enabled_at=long_ago)
    Project.objects.bulk_create(
        Project(agency=cast.alder, customer=customer, title="Shop", status="done", completed_at=long_ago + timedelta(hours=1))
        for customer in customers
    )
    for table in ("reviews_reviewrequest", "outbox_outgoingmail", "reviews_automaticrequest"):
        kill_at(worker, table, automatic.enqueue)
        assert sum(sent().values()) == AutomaticRequest.objects.count()
    for share in (0.2, 0.5):
        automatic.enqueue()
        wanted = int(share * ROWS)
        eventually(lambda wanted=wanted: AutomaticRequest.objects.count() >= wanted, "some are sent", seconds=60, otherwise=worker.logged)
        worker.kill()
        worker.start()
    # Two beats at once take turns.
    automatic.enqueue()
    automatic.enqueue()
    eventually(lambda: AutomaticRequest.objects.count() == ROWS, "all are sent", seconds=60, otherwise=worker.logged)
    automatic.enqueue()
    assert sent() == everyone
    assert set(AutomaticRequest.objects.values_list("outcome", flat=True)) == {"requested"}
    assert ReviewRequest.objects.exclude(project=None).filter(status="open", requested_by=cast.max).count() == ROWS
