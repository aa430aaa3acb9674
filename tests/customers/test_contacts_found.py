"""Duplicates, requests, searches and access requests consider all contacts of a customer."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Contact, Customer
from customers.queries.duplicates import find_duplicates, find_exact_match
from customers.services.contacts import remove_contact
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.customers.import_helpers import checked
from tests.factories.customers import ContactFactory, CustomerFactory
from tests.factories.requests import ContactRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Ott Mühlenbau", email="lea@ott.example")


@pytest.fixture
def olga(customer: Customer) -> Contact:
    return ContactFactory(customer=customer, last_name="Orlow", email="olga@privat.example", phone="+49 351 5566 778", language="de")


@pytest.mark.parametrize(
    ("fields", "reason"), [({"email": "OLGA@privat.example"}, "same e-mail"), ({"phone": "(0351) 55 66 778"}, "same phone number")]
)
def test_possible_duplicates(cast: Cast, customer: Customer, olga: Contact, fields: dict[str, Any], reason: str) -> None:
    CustomerFactory(agency=cast.birch, **fields)
    [found] = find_duplicates(cast.alder, fields)
    assert (found.customer, [str(text) for text in found.reasons]) == (customer, [reason])
    match = find_exact_match(cast.alder, fields)
    assert match is not None
    assert (match.customer, [str(text) for text in match.reasons]) == (customer, [reason])
    remove_contact(olga, by=cast.stan)
    assert find_duplicates(cast.alder, fields) == []
    assert find_exact_match(cast.alder, fields) is None


def test_a_request_matches_the_customer_of_its_sender(cast: Cast, stan: Client, customer: Customer, olga: Contact) -> None:
    request = ContactRequestFactory(agency=cast.alder, email="Olga@privat.example")
    match = stan.get(f"/requests/{request.pk}/").context["match"]
    assert match.customer == customer


def test_lists_and_pickers_find_contacts(stan: Client, customer: Customer, olga: Contact) -> None:
    for query in ("orlow", "olga@privat.example", "3515566778", "orlov"):
        assert [row.pk for row in stan.get("/customers/", {"q": query}).context["page"].items] == [customer.pk], query
    assert "Ott Mühlenbau" in stan.get("/company/reviews/request/", {"q": "orlow"}).content.decode()
    assert "Ott Mühlenbau" in stan.get("/search/", {"q": "orlow"}).content.decode()


@pytest.mark.parametrize("cells", [";olga@privat.example;", ";other@ott.example, 0;+49 351 5566778"])
def test_imported_rows_match_contacts(max_: Client, customer: Customer, olga: Contact, cells: str) -> None:
    job = checked(max_, f"company;email;phone\nOtto GmbH{cells.replace(', 0', '')}\n")
    assert [row.duplicate_of_id for row in job.rows.all()] == [customer.pk]


def test_further_addresses_of_a_row_match_customers(max_: Client, customer: Customer, olga: Contact) -> None:
    job = checked(max_, "company;email;e-mail 2\nOtto GmbH;a@b.example;olga@privat.example\n")
    assert [row.duplicate_of_id for row in job.rows.all()] == [customer.pk]


def test_access_is_requested_from_a_contact_by_name(stan: Client, customer: Customer, olga: Contact) -> None:
    path = reverse("invitations:request_access", args=[customer.pk])
    choices = stan.get(path).context["form"].fields["email"].choices
    assert choices == [
        ("lea@ott.example", "Lea Brandt <lea@ott.example>"),
        ("olga@privat.example", f"{olga.person_name} <olga@privat.example>"),
        ("other", "Another address"),
    ]
    response = stan.post(path, {"email": "olga@privat.example", "scope": "full"})
    assert response.status_code == 302
    mail = OutgoingMail.objects.get()
    assert mail.to_email == "olga@privat.example"
    assert "Olga Orlow" in mail.text
    assert "Guten Tag" in mail.text
