"""Possible duplicates are shown before a customer is added, and can be ignored."""

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
def test_each_criterion_is_shown_as_a_reason(stan: Client, mill: Customer, fields: dict[str, str], reason: str) -> None:
    response = stan.post("/customers/add/", {**NEW, **fields})
    assert response.status_code == 200
    assert [candidate.customer for candidate in response.context["duplicates"]] == [mill]
    page = response.content.decode()
    assert reason in page
    assert mill.get_absolute_url() in page
    assert Customer.objects.count() == 1


def test_add_anyway_ignores_duplicates(stan: Client, mill: Customer) -> None:
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
def test_customer_without_duplicates_is_added_directly(stan: Client, mill: Customer, fields: dict[str, str]) -> None:
    assert stan.post("/customers/add/", {**NEW, **fields}).status_code == 302


def test_customers_of_other_agencies_are_not_duplicates(charlie: Client, mill: Customer) -> None:
    assert charlie.post("/customers/add/", {**NEW, "email": mill.email, "phone": mill.phone}).status_code == 302


def test_archived_duplicates_are_shown_and_erased_ones_are_not(stan: Client, mill: Customer, cast: Cast) -> None:
    archive_customer(mill, by=cast.alice)
    assert stan.post("/customers/add/", {**NEW, "email": "ute@mehl.example"}).status_code == 200
    erase_customer(mill, by=cast.alice)
    assert stan.post("/customers/add/", {**NEW, "email": "ute@mehl.example"}).status_code == 302
