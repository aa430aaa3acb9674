"""Bulk actions by real workers, which are killed in the middle of a batch."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client

from customers.bulk import runner
from customers.bulk.services import enqueue
from customers.bulk.tasks import sweep_bulk
from customers.models import BulkJob, Customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.bulk_helpers import BULK, started
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.polling import eventually
from tests.workers import LEASE, Process

#: Customers of the action, in three batches.
ROWS = 1200


@pytest.fixture
def worker(celery_worker: Process, settings: Any) -> Process:
    """A running worker. This process uses the same lease."""
    settings.IMPORT_LEASE = LEASE
    return celery_worker


@pytest.fixture(autouse=True)
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the task after the commit, as if the process had been killed."""
    monkeypatch.setattr("customers.bulk.runner.enqueue", lambda _pk: None)


@pytest.fixture
def stan(transactional_db: None, cast: Cast) -> Client:
    Customer.objects.bulk_create(Customer(agency=cast.alder, number=1001 + n, company=f"Company {n}") for n in range(ROWS))
    client = Client()
    client.force_login(cast.stan)
    return client


def kill_twice(worker: Process, job: BulkJob, table: str) -> None:
    """Kill the worker while it writes its first batch, and again at any point after that."""
    job.refresh_from_db()
    before = job.heard_at
    with nobody_writes(table):
        enqueue(job.pk)
        eventually(lambda: somebody_waits(table), f"the worker writes to {table}", seconds=30, otherwise=worker.logged)
        worker.kill()
    job.refresh_from_db()
    assert (job.progress, job.heard_at) == (0, before)
    worker.start()

    def is_a_batch_in() -> bool:
        sweep_bulk()
        job.refresh_from_db()
        return job.progress > 0

    eventually(is_a_batch_in, "a batch is in", seconds=60, otherwise=worker.logged)
    worker.kill()
    job.refresh_from_db()
    assert job.progress % runner.BATCH_SIZE == 0 or job.progress == ROWS
    worker.start()


def finished(job: BulkJob, status: str, worker: Process) -> None:
    def is_so() -> bool:
        sweep_bulk()
        job.refresh_from_db()
        return job.status == status

    eventually(is_so, f"the action is {status}", seconds=60, otherwise=worker.logged)


def events_of(action: str) -> Counter[int | None]:
    return Counter(AuditEvent.objects.filter(action=action).values_list("customer_id", flat=True))


def test_killed_workers_neither_repeat_nor_skip_customers(worker: Process, stan: Client, cast: Cast) -> None:
    everyone = dict.fromkeys(cast.alder.customers.values_list("pk", flat=True), 1)
    job = started(stan, "task", {"all": "1"}, {"title": "Call back", "priority": 2})
    assert f"0 of {ROWS:,} customers" in stan.get(f"{BULK}{job.pk}/").content.decode()
    kill_twice(worker, job, "customers_bulkbatch")
    finished(job, "done", worker)
    assert job.counts == {"changed": ROWS}
    assert Counter(cast.alder.tasks.values_list("customer", flat=True)) == everyone
    assert events_of("task.added") == everyone
    assert AuditEvent.objects.filter(action="customers.bulk_changed").count() == 1

    stan.post(f"{BULK}{job.pk}/undo/")
    kill_twice(worker, job, "audit_auditevent")
    finished(job, "undone", worker)
    assert job.counts == {"changed": ROWS, "undone": ROWS}
    assert not cast.alder.tasks.exists()
    assert events_of("task.removed") == everyone
    assert AuditEvent.objects.filter(action="customers.bulk_undone").count() == 1


def test_killed_workers_archive_each_customer_once(worker: Process, stan: Client, cast: Cast) -> None:
    everyone = dict.fromkeys(cast.alder.customers.values_list("pk", flat=True), 1)
    job = started(stan, "archive", {"all": "1"})
    kill_twice(worker, job, "customers_customer")
    finished(job, "done", worker)
    assert job.counts == {"changed": ROWS}
    assert set(cast.alder.customers.values_list("status", "version")) == {("archived", 2)}
    assert events_of("customer.archived") == everyone


def test_a_job_of_which_no_worker_heard_is_found(worker: Process, stan: Client) -> None:
    job = started(stan, "archive", {"all": "1"})
    finished(job, "done", worker)
