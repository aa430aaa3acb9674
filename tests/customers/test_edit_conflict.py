"""Concurrent edits of a customer: the second user sees both versions and loses no input."""

import pytest
from django.test import Client

from customers.models import Customer
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_edit import form_of
from tests.factories.customers import CustomerFactory


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, city="Köln", phone="+49 1")


def test_second_user_sees_both_versions_and_can_overwrite(alice: Client, stan: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/edit/"
    alices, stans = form_of(alice, customer), form_of(stan, customer)
    assert alice.post(path, {**alices, "city": "Bonn"}).status_code == 302

    response = stan.post(path, {**stans, "city": "Mainz", "phone": "+49 2"})
    assert response.status_code == 200
    page = response.content.decode()
    assert "Someone else changed this customer" in page
    assert "Currently saved: Bonn" in page
    assert 'value="Mainz"' in page
    assert 'value="+49 2"' in page
    customer.refresh_from_db()
    assert (customer.city, customer.phone) == ("Bonn", "+49 1")

    again = {name: response.context["form"][name].value() or "" for name in response.context["form"].fields}
    assert stan.post(path, again).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.phone) == ("Mainz", "+49 2")


def test_consecutive_edits_do_not_conflict(alice: Client, stan: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/edit/"
    assert alice.post(path, {**form_of(alice, customer), "city": "Bonn"}).status_code == 302
    assert stan.post(path, {**form_of(stan, customer), "city": "Mainz"}).status_code == 302


def test_archiving_during_an_edit_is_a_conflict(alice: Client, stan: Client, customer: Customer) -> None:
    stans = form_of(stan, customer)
    alice.post(f"/customers/{customer.pk}/archive/")
    page = stan.post(f"/customers/{customer.pk}/edit/", {**stans, "city": "Mainz"}).content.decode()
    assert "Someone else changed this customer" in page
    assert 'value="Mainz"' in page


@pytest.mark.parametrize("version", ["", "0", "x", "-1"])
def test_form_without_a_valid_version_overwrites_nothing(stan: Client, customer: Customer, version: str) -> None:
    response = stan.post(f"/customers/{customer.pk}/edit/", {**form_of(stan, customer), "city": "Mainz", "version": version})
    assert response.status_code == 200
    customer.refresh_from_db()
    assert customer.city == "Köln"


@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_edits_one_succeeds_and_nine_conflict(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, city="Köln")
    client = Client()
    client.force_login(cast.alice)
    form = form_of(client, customer)

    def save(n: int) -> int:
        browser = Client()
        browser.force_login(cast.alice)
        return browser.post(f"/customers/{customer.pk}/edit/", {**form, "city": f"City {n}"}).status_code

    assert sorted(at_once(10, save)) == [200] * 9 + [302]
    customer.refresh_from_db()
    assert customer.version == 2
