"""Imports by real workers: killed workers, concurrent workers, and users who add customers concurrently."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from customers.imports import runner
from customers.imports.services import enqueue
from customers.imports.tasks import sweep_imports
from customers.models import Customer, ImportJob
from customers.services.customers import create_customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.import_helpers import IMPORT, checked, columns_of, do_the_work, uploaded
from tests.polling import eventually
from tests.workers import LEASE, Process

ROWS = 1200


@pytest.fixture
def worker(celery_worker: Process, settings: Any) -> Process:
    """A running worker. This process uses the same lease."""
    settings.IMPORT_LEASE = LEASE
    return celery_worker


@pytest.fixture
def alice(transactional_db: None, cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


def file(rows: int) -> str:
    return "Firma;E-Mail;Domains\n" + "".join(f"Company {n};c{n}@c.example;c{n}.example\n" for n in range(rows))


@contextmanager
def nobody_writes(table: str) -> Iterator[None]:
    """Block all writes to a table."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield


def somebody_waits(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted", [table])
        return bool(cursor.fetchone()[0])


def kill_in_the_middle(worker: Process, table: str, job: ImportJob) -> None:
    """Enqueue an import, and kill the worker in the middle of a batch."""
    with nobody_writes(table):
        enqueue(job.pk)
        eventually(lambda: somebody_waits(table), f"the worker writes to {table}", seconds=30, otherwise=worker.logged)
        worker.kill()


def finished(job: ImportJob, status: str, worker: Process) -> None:
    def is_so() -> bool:
        sweep_imports()
        job.refresh_from_db()
        return job.status == status

    eventually(is_so, f"the import is {status}", seconds=60, otherwise=worker.logged)


@pytest.fixture
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the task after the commit, as if the process had been killed."""
    monkeypatch.setattr("customers.imports.services.enqueue", lambda _pk: None)


@pytest.mark.usefixtures("nobody_is_told")
def test_a_worker_killed_halfway_neither_loses_nor_doubles_rows(worker: Process, alice: Client, cast: Cast) -> None:
    job = uploaded(alice, file(ROWS))
    alice.post(f"{IMPORT}{job.pk}/columns/", columns_of(alice, job))
    kill_in_the_middle(worker, "customers_importkey", job)
    job.refresh_from_db()
    assert (job.status, job.rows.count()) == ("checking", 0)
    worker.start()
    finished(job, "checked", worker)
    assert job.counts == {"new": ROWS}

    alice.post(f"{IMPORT}{job.pk}/run/")
    kill_in_the_middle(worker, "audit_auditevent", job)
    assert not Customer.objects.exists()
    worker.start()
    # Kill it again, at any point.
    eventually(lambda: sweep_imports() < 0 or Customer.objects.exists(), "a batch is in", seconds=60, otherwise=worker.logged)
    worker.kill()
    there = Customer.objects.count()
    assert there % runner.BATCH_SIZE == 0 or there == ROWS
    worker.start()
    finished(job, "done", worker)
    assert job.counts == {"imported": ROWS}
    made = Customer.objects.order_by("number").values_list("number", "email")
    assert list(made) == [(1001 + n, f"c{n}@c.example") for n in range(ROWS)]
    assert cast.alder.domains.count() == ROWS
    assert AuditEvent.objects.filter(action="customer.created").values("customer_id").distinct().count() == ROWS
    assert AuditEvent.objects.filter(action="customer.created").count() == ROWS
    assert AuditEvent.objects.filter(action="customers.imported").count() == 1


@pytest.mark.usefixtures("nobody_is_told")
def test_an_import_of_which_no_worker_heard_is_found(worker: Process, alice: Client) -> None:
    job = uploaded(alice, file(3))
    alice.post(f"{IMPORT}{job.pk}/columns/", columns_of(alice, job))
    finished(job, "checked", worker)


@pytest.mark.usefixtures("nobody_is_told")
@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_import_do_it_once(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(runner, "BATCH_SIZE", 20)
    for lease in (60.0, 0.0):
        settings.IMPORT_LEASE = lease
        Customer.objects.all().delete()
        job = checked(alice, file(200))
        alice.post(f"{IMPORT}{job.pk}/run/")
        results = at_once(4, lambda _index, job=job: do_the_work(ImportJob.objects.get(pk=job.pk)))
        assert not [result for result in results if isinstance(result, Exception)]
        # Without a lease, workers take the job from each other, and the last one continues.
        settings.IMPORT_LEASE = 0.0
        do_the_work(job)
        assert job.counts == {"imported": 200}
        assert Customer.objects.count() == Customer.objects.values("email").distinct().count() == 200


@pytest.mark.usefixtures("nobody_is_told")
@pytest.mark.django_db(transaction=True)
def test_the_same_file_twice_at_once_beside_people_who_add(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH_SIZE", 20)
    jobs = [checked(alice, file(100)), checked(alice, file(100))]
    for job in jobs:
        alice.post(f"{IMPORT}{job.pk}/run/")

    def act(index: int) -> None:
        if index < 2:
            do_the_work(jobs[index])
        else:
            for n in range(20):
                create_customer(agency=cast.alder, by=cast.alice, company=f"By hand {index} {n}")

    assert at_once(4, act) == [None] * 4
    assert sum(job.counts.get("imported", 0) for job in jobs) == 100
    assert sum(job.counts.get("twin", 0) for job in jobs) == 100
    numbers = sorted(Customer.objects.values_list("number", flat=True))
    assert numbers == list(range(1001, 1001 + 140))
