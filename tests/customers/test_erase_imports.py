"""An erased customer leaves nothing in files that wait to be imported; everybody else's rows stay."""

import pytest
from django.test import Client

from customers.imports import runner
from customers.models import Customer, ImportChunk, ImportJob
from customers.services.customers import erase_customer
from tests.cast import Cast
from tests.customers.import_helpers import IMPORT, checked, columns_of, do_the_work, imported, uploaded
from tests.customers.test_erase import dump
from tests.customers.test_erase_concurrency import start_before_commit
from tests.factories.customers import CustomerFactory, DomainFactory

HEADINGS = "Firma;Vorname;Nachname;E-Mail;Telefon;Website;Domains;Status\n"
#: Others, as like the mill as others can be.
OTHERS = (
    "Zwetschgerei;;;mute@zwetschge.example;;;;\n"
    "Zwetschge;;;;;;www2.zwetschge.example;\n"
    "Anton;;;anton@zwetschge.example;030 635814410 9;facebook.com;;\n"
    "Zwetschge Mühle;Ute;Zwetschge;;;;;\n"
)


@pytest.fixture
def mill(cast: Cast) -> Customer:
    customer = CustomerFactory(
        agency=cast.alder,
        company="Zwetschge Mühle",
        first_name="Ute",
        last_name="Zwetschge",
        email="ute@zwetschge.example",
        phone="+49 3581 44 10",
        website="https://zwetschge.example",
    )
    DomainFactory(customer=customer, name="zwetschge.example")
    return customer


def companies(job: ImportJob) -> list[str]:
    return [row.cells[0] for row in job.rows.order_by("line") if row.cells]


@pytest.mark.parametrize(
    "row",
    [
        "x;;;UTE@Zwetschge.example;;;;unknown status",
        "x;;;see ute@zwetschge.example, please;;;;",
        "x;;;;(03581) 4410;;;unknown status",
        "x;;;;0049-3581/4410;;;unknown status",
        "x;;;;;;a.example www.Zwetschge.example;unknown status",
        "zwetschge mühle;;;no address;;;;",
        "x;UTE;Zwetschge;no address;;;;",
    ],
)
def test_rows_in_error_about_it_go(alice: Client, cast: Cast, mill: Customer, row: str) -> None:
    job = checked(alice, HEADINGS + row + "\nOther;;;no address;;;;\n")
    assert job.counts == {"error": 2}
    erase_customer(mill, by=cast.alice)
    assert companies(job) == ["Other"]
    assert not ImportChunk.objects.exists()


def test_repetitions_of_an_imported_customer_go_with_it(alice: Client, cast: Cast) -> None:
    job = imported(alice, HEADINGS + "Pflaume;;;p@pflaume.example;;;;\nPflaume 2;;;P@pflaume.example;;;;\nOther;;;o@o.example;;;;\n")
    assert job.counts == {"imported": 2, "duplicate": 1}
    erase_customer(Customer.objects.get(company="Pflaume"), by=cast.alice)
    assert "pflaume" not in dump().lower()


def test_rows_of_a_customer_that_was_added_by_hand_meanwhile_go(alice: Client, cast: Cast) -> None:
    job = checked(alice, HEADINGS + "Pflaume;;;p@pflaume.example;;;;\n")
    erase_customer(CustomerFactory(agency=cast.alder, email="p@pflaume.example"), by=cast.alice)
    assert companies(job) == []
    assert "pflaume" not in dump().lower()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_files_that_nobody_has_looked_into_go_if_it_stands_in_them(
    alice: Client,
    cast: Cast,
    mill: Customer,
    encoding: str,
) -> None:
    about = uploaded(alice, (HEADINGS + "Ä;;;UTE@zwetschge.example;;;;\n").encode(encoding))
    others = uploaded(alice, (HEADINGS + OTHERS).encode(encoding))
    erase_customer(mill, by=cast.alice)
    assert set(ImportChunk.objects.values_list("job", flat=True)) == {others.pk}
    assert "This file is empty or has been deleted." in alice.get(f"{IMPORT}{about.pk}/columns/").content.decode()


def test_the_rows_of_others_stay(alice: Client, cast: Cast, mill: Customer) -> None:
    job = checked(alice, HEADINGS + OTHERS)
    before = companies(job)
    erase_customer(mill, by=cast.alice)
    assert companies(job) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("erased_first", [True, False])
def test_a_batch_that_is_just_being_checked_brings_nothing_back(
    alice: Client,
    cast: Cast,
    mill: Customer,
    *,
    erased_first: bool,
) -> None:
    job = uploaded(alice, HEADINGS + "x;;;ute@zwetschge.example;;;;\n")
    alice.post(f"{IMPORT}{job.pk}/columns/", columns_of(alice, job))
    claimed = runner.claim(job.pk)
    assert claimed is not None
    batches = runner.run_batches(claimed)

    def check() -> None:
        next(batches, None)

    def erase() -> None:
        erase_customer(mill, by=cast.alice)

    start_before_commit(*((erase, check) if erased_first else (check, erase)))
    do_the_work(job)
    assert "zwetschge" not in dump()
