"""Large exports, which a worker writes: progress, download, erasure, clean-up, killed workers."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from customers.exports import runner, services, views
from customers.exports.services import enqueue
from customers.exports.tasks import sweep_exports
from customers.imports.tasks import purge_imports
from customers.models import Customer, ExportJob, ExportPart
from customers.queries import export as queries
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.test_erase import dump
from tests.customers.test_erase_concurrency import start_before_commit
from tests.customers.test_export import EXPORT, content_of, rows_of
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.factories.customers import CustomerFactory
from tests.factories.exports import ExportJobFactory
from tests.polling import eventually
from tests.workers import LEASE, Process

#: Customers of the killed worker's export, in three batches.
ROWS = 2500


@pytest.fixture(autouse=True)
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the task after the commit, as if the process had been killed."""
    monkeypatch.setattr("customers.exports.services.enqueue", lambda _pk: None)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let exports of more than two customers be written by a worker, five in each part."""
    monkeypatch.setattr(views, "DIRECT_LIMIT", 2)
    monkeypatch.setattr(queries, "BATCH_SIZE", 5)


def started(client: Client, query: str = "") -> ExportJob:
    response = client.post(f"{EXPORT}{query}")
    job = ExportJob.objects.latest("pk")
    assert (response.status_code, response["Location"]) == (302, f"{EXPORT}{job.pk}/")
    return job


def written(job: ExportJob) -> ExportJob:
    for _part in runner.write_parts(job.pk):
        pass
    job.refresh_from_db()
    return job


def direct(client: Client, monkeypatch: pytest.MonkeyPatch, query: str = "") -> bytes:
    """Return the file that the response itself would contain."""
    with monkeypatch.context() as patch:
        patch.setattr(views, "DIRECT_LIMIT", 10_000)
        return content_of(client.post(f"{EXPORT}{query}"))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_file_is_the_same_as_that_of_a_small_export(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    for number in range(13):
        customer = CustomerFactory(agency=cast.alder, company=f"=Ott {number}", city="Köln" if number else "Görlitz", responsible=cast.stan)
        cast.alder.domains.create(customer=customer, name=f"d{number}.example")
    CustomerFactory(agency=cast.birch, company="Stranger", city="Köln")
    alice.cookies["django_language"] = language
    for query in ("", "?city=Köln", f"?responsible={cast.stan.pk}", "?q=ott"):
        job = written(started(alice, query))
        assert job.status == "ready"
        content = content_of(alice.post(f"{EXPORT}{job.pk}/"))
        assert content == direct(alice, monkeypatch, query)
        assert len(rows_of(content, "," if language == "en" else ";")) == job.progress == job.progress_total
        assert len(content) == job.size


@pytest.mark.usefixtures("small")
def test_workbook_has_the_same_cells_as_that_of_a_small_export(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    CustomerFactory.create_batch(12, agency=cast.alder, company="=Ott", notes="'=a\r\n;+b", zip="02826", phone="+49 1 5550148")
    monkeypatch.setattr(runner, "PART_SIZE", 1000)
    response = alice.post(EXPORT, {"format": "xlsx"})
    job = written(ExportJob.objects.get())
    assert response["Location"] == f"{EXPORT}{job.pk}/"
    response = alice.post(f"{EXPORT}{job.pk}/")
    assert response["Content-Disposition"].endswith('.xlsx"')
    content = content_of(response)
    assert (job.status, job.size, job.progress) == ("ready", len(content), 12)
    assert job.parts == job.file_parts.count() > 1
    with monkeypatch.context() as patch:
        patch.setattr(views, "DIRECT_LIMIT", 10_000)
        small = content_of(alice.post(EXPORT, {"format": "xlsx"}))
    assert cells_of(content) == cells_of(small)
    assert len(cells_of(content)) == 13


def cells_of(content: bytes) -> list[tuple[Any, ...]]:
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return list(sheet.iter_rows(values_only=True))


@pytest.mark.usefixtures("small")
def test_progress_is_shown_and_can_be_left(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(12, agency=cast.alder)
    job = started(alice)
    parts = runner.write_parts(job.pk)
    next(parts)
    page = alice.get(f"{EXPORT}{job.pk}/").content.decode()
    assert "5 of 12 customers" in page
    assert "You can leave this page" in page
    assert f'href="{EXPORT}{job.pk}/"' in alice.get(EXPORT).content.decode()
    assert alice.post(f"{EXPORT}{job.pk}/").headers["Content-Type"].startswith("text/html")
    assert list(parts) == [None, None]
    assert alice.get(f"{EXPORT}{job.pk}/", headers={"hx-request": "true"})["HX-Refresh"] == "true"
    page = alice.get(f"{EXPORT}{job.pk}/").content.decode()
    assert "12 customers exported" in page
    response = alice.post(f"{EXPORT}{job.pk}/")
    assert response["Content-Disposition"] == f'attachment; filename="customers-{timezone.localdate():%Y-%m-%d}.csv"'


@pytest.mark.usefixtures("small")
def test_start_and_download_are_recorded(alice: Client, max_: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(3, agency=cast.alder)
    job = written(started(alice))
    content_of(max_.post(f"{EXPORT}{job.pk}/"))
    events = AuditEvent.objects.filter(action__startswith="customers.export").order_by("pk")
    assert [(event.action, event.actor_label, event.data, event.agency, event.source) for event in events] == [
        ("customers.exported", "Alice Alder", {"count": 3}, cast.alder, "web"),
        ("customers.export_downloaded", "Max Meyer", {"count": 3}, cast.alder, "web"),
    ]


@pytest.mark.usefixtures("small")
def test_a_second_click_continues_the_same_export(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(3, agency=cast.alder)
    job = started(alice)
    assert started(alice, "?status=all") == job
    assert "Another export is still running" in alice.get(f"{EXPORT}{job.pk}/").content.decode()
    assert AuditEvent.objects.filter(action="customers.exported").count() == 1


@pytest.mark.usefixtures("small")
def test_only_the_newest_exports_are_kept(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(3, agency=cast.alder)
    other = ExportJobFactory(agency=cast.birch)
    jobs = [written(started(alice)).pk for _ in range(services.KEEP_JOBS + 2)]
    assert set(ExportJob.objects.values_list("pk", flat=True)) == {*jobs[2:], other.pk}


def test_staff_cannot_download(stan: Client, cast: Cast) -> None:
    job = ExportJobFactory(agency=cast.alder, started_by=cast.stan)
    assert stan.get(f"{EXPORT}{job.pk}/").status_code == 403
    assert stan.post(f"{EXPORT}{job.pk}/").status_code == 403


@pytest.mark.usefixtures("small")
def test_stopping_deletes_the_file(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(12, agency=cast.alder)
    job = started(alice)
    parts = runner.write_parts(job.pk)
    next(parts)
    assert alice.post(f"{EXPORT}{job.pk}/remove/")["Location"] == EXPORT
    assert list(parts) == []
    assert not ExportJob.objects.exists()
    assert not ExportPart.objects.exists()


@pytest.mark.usefixtures("small")
def test_a_deleted_file_interrupts_the_download(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(12, agency=cast.alder)
    job = written(started(alice))
    response: Any = alice.post(f"{EXPORT}{job.pk}/")
    content = iter(response.streaming_content)
    next(content)
    services.remove(job)
    with pytest.raises(ExportPart.DoesNotExist):
        list(content)


def test_exports_are_deleted_after_a_day(cast: Cast) -> None:
    old, new = ExportJobFactory(agency=cast.alder), ExportJobFactory(agency=cast.alder)
    ExportJob.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    ExportPart.objects.create(job=old, number=0, data=b"x")
    purge_imports()
    assert list(ExportJob.objects.all()) == [new]
    assert not ExportPart.objects.exists()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("finished", [True, False])
def test_an_erasure_deletes_the_exports_of_the_agency(alice: Client, charlie: Client, cast: Cast, *, finished: bool) -> None:
    mill = CustomerFactory(agency=cast.alder, company="Pflaume")
    CustomerFactory.create_batch(8, agency=cast.alder)
    CustomerFactory.create_batch(3, agency=cast.birch)
    other = written(started(charlie))
    job = started(alice, "?q=example")
    parts = runner.write_parts(job.pk)
    next(parts)
    if finished:
        list(parts)
    assert "stored exports of your agency" in alice.get(f"/customers/{mill.pk}/erase/").content.decode()
    erase_customer(mill, by=cast.alice)
    assert list(parts) == []
    assert list(ExportJob.objects.all()) == [other]
    assert "pflaume" not in dump().lower()


@pytest.mark.usefixtures("small")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("erased_first", [True, False])
def test_a_concurrent_part_restores_nothing(alice: Client, cast: Cast, *, erased_first: bool) -> None:
    mill = CustomerFactory(agency=cast.alder, company="Pflaume")
    CustomerFactory.create_batch(3, agency=cast.alder)
    job = started(alice)

    def work() -> None:
        next(runner.write_parts(job.pk), None)

    def erase() -> None:
        erase_customer(mill, by=cast.alice)

    start_before_commit(*((erase, work) if erased_first else (work, erase)))
    assert not ExportJob.objects.exists()
    assert not ExportPart.objects.exists()


@pytest.mark.usefixtures("small")
@pytest.mark.django_db(transaction=True)
def test_an_export_started_during_an_erasure_does_not_contain_the_customer(alice: Client, cast: Cast) -> None:
    mill = CustomerFactory(agency=cast.alder, company="Pflaume")
    CustomerFactory.create_batch(3, agency=cast.alder)

    def begin() -> None:
        services.start_export(agency=cast.alder, query="", file_format="csv", delimiter=",", total=4, by=cast.alice)
        written(ExportJob.objects.get())

    start_before_commit(lambda: erase_customer(mill, by=cast.alice), begin)
    job = ExportJob.objects.get()
    assert (job.status, job.progress) == ("ready", 3)
    assert not [part for part in ExportPart.objects.all() if b"Pflaume" in bytes(part.data)]


def test_a_part_needs_as_many_queries_for_any_number_of_customers(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "DIRECT_LIMIT", 0)
    counts = []
    for more in (2, 20):
        for customer in CustomerFactory.create_batch(more, agency=cast.alder):
            cast.alder.domains.create(customer=customer, name=f"d{customer.pk}.example")
        job = started(alice)
        with CaptureQueriesContext(connection) as queries:
            written(job)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_export_without_progress_fails(alice: Client, cast: Cast, settings: Any) -> None:
    settings.IMPORT_LEASE = 0.0
    job = ExportJobFactory(agency=cast.alder, status="running")
    assert [sweep_exports() for _ in range(services.MAX_ATTEMPTS + 1)] == [1] * services.MAX_ATTEMPTS + [0]
    assert "Export failed" in alice.get(f"{EXPORT}{job.pk}/").content.decode()


@pytest.mark.usefixtures("small")
def test_export_fails_instead_of_losing_its_filter(alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(7, agency=cast.alder, responsible=cast.stan)
    CustomerFactory.create_batch(7, agency=cast.alder)
    job = started(alice, f"?responsible={cast.stan.pk}&kind=nonsense")
    assert runner._write_part(job.pk)
    cast.alder.memberships.get(user=cast.stan).delete()
    assert written(job).status == "failed"
    assert job.progress == 5


def test_a_killed_worker_neither_loses_nor_doubles_customers(
    celery_worker: Process, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_LEASE = LEASE
    Customer.objects.bulk_create(Customer(agency=cast.alder, number=1001 + n, company=f"Company {n}") for n in range(ROWS))
    alice = Client()
    alice.force_login(cast.alice)
    job = started(alice)
    with nobody_writes("customers_exportpart"):
        enqueue(job.pk)
        eventually(lambda: somebody_waits("customers_exportpart"), "the worker writes", seconds=30, otherwise=celery_worker.logged)
        celery_worker.kill()
    assert not ExportPart.objects.exists()
    celery_worker.start()
    monkeypatch.setattr("customers.exports.services.enqueue", enqueue)
    # Kill it again, at any point.
    eventually(lambda: sweep_exports() < 0 or ExportPart.objects.exists(), "a part is in", seconds=60, otherwise=celery_worker.logged)
    celery_worker.kill()
    job.refresh_from_db()
    assert job.progress % queries.BATCH_SIZE == 0 or job.progress == ROWS
    celery_worker.start()

    def is_ready() -> bool:
        sweep_exports()
        job.refresh_from_db()
        return job.status == "ready"

    eventually(is_ready, "the export is ready", seconds=60, otherwise=celery_worker.logged)
    content = content_of(alice.post(f"{EXPORT}{job.pk}/"))
    assert [row["company"] for row in rows_of(content)] == [f"Company {n}" for n in range(ROWS)]
    assert content == direct(alice, monkeypatch)
    assert job.progress == ROWS
