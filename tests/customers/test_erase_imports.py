"""Erasing a customer deletes the stored file data of all imports of the agency."""

import pytest
from django.test import Client

from customers.imports import runner
from customers.models import Customer, ImportChunk, ImportJob, ImportKey, ImportRow
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.import_helpers import IMPORT, checked, columns_of, do_the_work, imported, steps, uploaded
from tests.customers.test_erase import dump
from tests.customers.test_erase_concurrency import start_before_commit
from tests.factories.customers import CustomerFactory

#: The second row is an error, and the third repeats the first.
FILE = "Firma;E-Mail\nPflaume;p@pflaume.example\nPflaume Zwei;no address at pflaume\nPflaume Drei;P@pflaume.example\n"


@pytest.fixture
def mill(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


def stored_data(agency_id: int) -> list[str]:
    """Models that still contain data of the agency's files."""
    return [model.__name__ for model in (ImportChunk, ImportKey, ImportRow) if model.objects.filter(job__agency=agency_id).exists()]


def start_check(client: Client, content: str) -> ImportJob:
    job = uploaded(client, content)
    client.post(f"{IMPORT}{job.pk}/columns/", columns_of(client, job))
    return job


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_uploaded_files_are_deleted(alice: Client, cast: Cast, mill: Customer, encoding: str) -> None:
    job = uploaded(alice, FILE.encode(encoding))
    erase_customer(mill, by=cast.alice)
    assert not ImportJob.objects.exists()
    assert stored_data(cast.alder.pk) == []
    assert "pflaume" not in dump().lower()
    assert alice.get(f"{IMPORT}{job.pk}/columns/").status_code == 404


def test_checked_imports_are_deleted(alice: Client, cast: Cast, mill: Customer) -> None:
    job = checked(alice, FILE)
    assert stored_data(cast.alder.pk) == ["ImportChunk", "ImportKey", "ImportRow"]
    erase_customer(mill, by=cast.alice)
    assert not ImportJob.objects.exists()
    assert stored_data(cast.alder.pk) == []
    assert "pflaume" not in dump().lower()
    assert alice.post(f"{IMPORT}{job.pk}/run/").status_code == 404


def test_finished_imports_keep_only_their_figures(alice: Client, cast: Cast) -> None:
    job = imported(alice, FILE)
    figures = {"imported": 1, "error": 1, "duplicate": 1}
    assert job.counts == figures
    erase_customer(Customer.objects.get(), by=cast.alice)
    job.refresh_from_db()
    assert (job.status, job.counts, job.headings, job.mapping) == ("done", figures, [], {})
    assert stored_data(cast.alder.pk) == []
    assert "pflaume" not in dump().lower()
    assert "deleted after 7 days" in alice.get(f"{IMPORT}{job.pk}/").content.decode()
    assert alice.get(f"{IMPORT}{job.pk}/rest/").status_code == 200


def test_a_first_customer_taken_for_headings_is_deleted(alice: Client, cast: Cast, mill: Customer) -> None:
    job = checked(alice, "Pflaume;pflaume\nOther;other\n", column_0="company")
    assert job.headings == ["Pflaume", "pflaume"]
    alice.post(f"{IMPORT}{job.pk}/run/")
    do_the_work(job)
    erase_customer(mill, by=cast.alice)
    assert "pflaume" not in dump().lower()


@pytest.mark.usefixtures("small_batches")
def test_a_running_check_is_cancelled(alice: Client, cast: Cast, mill: Customer) -> None:
    job = start_check(alice, "Firma\n" + "".join(f"Pflaume {n}\n" for n in range(35)))
    batches = steps(job)
    next(batches)
    erase_customer(mill, by=cast.alice)
    assert list(batches) == []
    job.refresh_from_db()
    assert (job.status, job.counts) == ("cancelled", {"new": 10})
    assert stored_data(cast.alder.pk) == []
    assert "pflaume" not in dump().lower()


@pytest.mark.usefixtures("small_batches")
def test_a_running_import_is_cancelled_and_keeps_its_figures(alice: Client, cast: Cast, mill: Customer) -> None:
    job = checked(alice, "Firma\n" + "".join(f"Pflaume {n}\n" for n in range(35)))
    alice.post(f"{IMPORT}{job.pk}/run/")
    batches = steps(job)
    next(batches)
    erase_customer(mill, by=cast.alice)
    assert list(batches) == []
    job.refresh_from_db()
    assert (job.status, job.counts) == ("cancelled", {"imported": 10, "new": 25})
    assert stored_data(cast.alder.pk) == []
    assert Customer.objects.filter(company__startswith="Pflaume").count() == 10
    assert AuditEvent.objects.get(action="customers.imported").data == {"imported": 10, "errors": 0, "skipped": 25}


def test_imports_of_other_agencies_stay(alice: Client, charlie: Client, cast: Cast, mill: Customer) -> None:
    job = checked(charlie, FILE)
    erase_customer(mill, by=cast.alice)
    job.refresh_from_db()
    assert (job.status, job.rows.count()) == ("checked", 3)
    assert stored_data(cast.birch.pk) == ["ImportChunk", "ImportKey", "ImportRow"]


def test_the_page_announces_the_deletion(alice: Client, mill: Customer) -> None:
    assert "unfinished imports of your agency" in alice.get(f"/customers/{mill.pk}/erase/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("erased_first", [True, False])
@pytest.mark.parametrize("step", ["check", "import"])
def test_a_concurrent_batch_restores_nothing(alice: Client, cast: Cast, mill: Customer, step: str, *, erased_first: bool) -> None:
    job = start_check(alice, FILE)
    if step == "import":
        do_the_work(job)
        alice.post(f"{IMPORT}{job.pk}/run/")
    claimed = runner.claim(job.pk)
    assert claimed is not None
    batches = runner.run_batches(claimed)

    def work() -> None:
        next(batches, None)

    def erase() -> None:
        erase_customer(mill, by=cast.alice)

    start_before_commit(*((erase, work) if erased_first else (work, erase)))
    # The worker continues without an error.
    assert list(batches) == []
    do_the_work(job)
    assert (job.status, stored_data(cast.alder.pk)) == ("cancelled", [])
    imported_customers = 1 if step == "import" and not erased_first else 0
    assert Customer.objects.filter(company="Pflaume").count() == imported_customers
    if not imported_customers:
        assert "pflaume" not in dump().lower()
