"""While adding, likely duplicates are shown, and can be passed over on purpose."""

import pytest
from django.test import Client

from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, DomainFactory

NEW = {"kind": "company", "company": "Something Else", "language": "en"}


@pytest.fixture
def mill(cast: Cast) -> Customer:
    customer = CustomerFactory(
        agency=cast.alder, company="Müllerei Größe GmbH", email="Ute@Mehl.example", phone="+49 221 5550148", city="Görlitz"
    )
    DomainFactory(customer=customer, name="muellerei.example")
    return customer


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"email": "ute@mehl.example"}, "same e-mail"),
        ({"phone": "(0221) 555 01 48"}, "same phone number"),
        ({"website": "https://www.muellerei.example/shop"}, "same domain"),
        ({"company": "Mullerei Grösse", "city": "görlitz"}, "similar name in the same city"),
    ],
)
def test_each_likeness_is_shown_with_its_reason(stan: Client, mill: Customer, fields: dict[str, str], reason: str) -> None:
    response = stan.post("/customers/add/", {**NEW, **fields})
    assert response.status_code == 200
    assert [twin.customer for twin in response.context["twins"]] == [mill]
    page = response.content.decode()
    assert reason in page
    assert mill.get_absolute_url() in page
    assert Customer.objects.count() == 1


def test_they_are_passed_over_on_purpose(stan: Client, mill: Customer) -> None:
    response = stan.post("/customers/add/", {**NEW, "email": mill.email})
    assert 'name="add_anyway"' in response.content.decode()
    assert stan.post("/customers/add/", {**NEW, "email": mill.email, "add_anyway": "Add anyway"}).status_code == 302
    assert Customer.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "other@mehl.example"},
        {"phone": "12"},
        {"company": "Müllerei Größe", "city": "Kiel"},
        {"company": "Bäckerei", "city": "Görlitz"},
    ],
)
def test_no_twin_no_question(stan: Client, mill: Customer, fields: dict[str, str]) -> None:
    assert stan.post("/customers/add/", {**NEW, **fields}).status_code == 302


def test_another_agencys_customers_are_no_twins(charlie: Client, mill: Customer) -> None:
    assert charlie.post("/customers/add/", {**NEW, "email": mill.email, "phone": mill.phone}).status_code == 302


def test_an_archived_twin_is_shown_an_erased_one_is_nobody(stan: Client, mill: Customer, cast: Cast) -> None:
    archive_customer(mill, by=cast.alice)
    assert stan.post("/customers/add/", {**NEW, "email": "ute@mehl.example"}).status_code == 200
    erase_customer(mill, by=cast.alice)
    assert stan.post("/customers/add/", {**NEW, "email": "ute@mehl.example"}).status_code == 302
