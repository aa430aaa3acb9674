"""Searches for duplicates by real workers, which are killed in the middle of a batch and while they store the pairs."""

from typing import Any

import pytest

from customers.merging import pairs
from customers.merging.models import CustomerKey, CustomerPair, PairSearch
from customers.merging.pairs import enqueue, start_search, sweep
from customers.models import Customer
from tests.cast import Cast
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.polling import eventually
from tests.workers import LEASE, Process

#: Customers in two batches; each has a twin in the other one.
ROWS = 2 * pairs.BATCH_SIZE - 400


@pytest.fixture
def search(transactional_db: None, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> PairSearch:
    """A search of which no worker heard. This process uses the workers' lease."""
    settings.IMPORT_LEASE = LEASE
    monkeypatch.setattr(pairs, "enqueue", lambda _pk: None)
    Customer.objects.bulk_create(
        Customer(agency=cast.alder, number=1001 + n, company=f"Company {n}", email=f"c{n % (ROWS // 2)}@c.example") for n in range(ROWS)
    )
    started = start_search(cast.alder)
    monkeypatch.setattr(pairs, "enqueue", enqueue)
    return started


def kill_in_the_middle(worker: Process, table: str, search: PairSearch) -> None:
    """Let a worker continue the search, and kill it when it writes to a table."""
    with nobody_writes(table):
        enqueue(search.pk)
        eventually(lambda: somebody_waits(table), f"the worker writes to {table}", seconds=30, otherwise=worker.logged)
        worker.kill()
    search.refresh_from_db()


def test_killed_workers_neither_repeat_nor_skip_customers(celery_worker: Process, search: PairSearch) -> None:
    number = search.number
    kill_in_the_middle(celery_worker, "customers_customerkey", search)
    assert (search.progress, CustomerKey.objects.count()) == (0, 0)
    celery_worker.start()

    # All keys are stored, but no pairs yet.
    kill_in_the_middle(celery_worker, "customers_customerpair", search)
    assert (search.status, search.progress) == ("running", ROWS)
    keys = CustomerKey.objects.filter(reason="email")
    assert keys.count() == keys.values("customer_id").distinct().count() == ROWS
    assert not CustomerPair.objects.exists()
    celery_worker.start()

    def is_done() -> bool:
        sweep()
        search.refresh_from_db()
        return search.status == "done"

    eventually(is_done, "the search is done", seconds=60, otherwise=celery_worker.logged)
    assert (search.progress, search.number) == (ROWS, number)
    found = CustomerPair.objects.values_list("first__number", "second__number", "reasons")
    half = ROWS // 2
    assert sorted(found) == [(1001 + n, 1001 + n + half, ["email"]) for n in range(half)]
    assert not CustomerKey.objects.exists()
