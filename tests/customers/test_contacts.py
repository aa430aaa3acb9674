"""The people of a customer on its page: add, edit, make primary, remove and undo."""

import re

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from customers.models import Contact, Customer
from customers.services.contacts import KEEP_REMOVED, remove_contact
from customers.services.customers import archive_customer
from customers.tasks import purge_imports
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import ContactFactory, CustomerFactory

pytestmark = pytest.mark.django_db

OLGA = {
    "first_name": "Olga",
    "last_name": "Orlow",
    "role": "billing",
    "email": "Olga <olga@client.example>",
    "phone": "+49 30 55",
    "language": "de",
}


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, email="lea@client.example")


def primary(customer: Customer) -> Contact:
    return Contact.objects.get(customer=customer, is_primary=True)


def people(client: Client, customer: Customer) -> str:
    page = client.get(customer.get_absolute_url()).content.decode()
    return re.search(r'<section class="panel" aria-labelledby="people".*?</section>', page, re.DOTALL)[0]  # type: ignore[index]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_an_added_contact_is_shown_after_the_primary_one(stan: Client, customer: Customer, headers: dict[str, str]) -> None:
    path = f"/customers/{customer.pk}/contacts/add/"
    assert path in people(stan, customer)
    assert 'value="en" selected' in stan.get(path, headers=headers).content.decode()
    response = stan.post(path, OLGA, headers=headers)
    assert (response["HX-Redirect"] if headers else response.url) == customer.get_absolute_url()
    contact = customer.contacts.get(is_primary=False)
    assert (contact.agency, str(contact), contact.email) == (customer.agency, "Olga Orlow", "olga@client.example")
    shown = people(stan, customer)
    assert shown.index("Lea Brandt") < shown.index("Olga Orlow")
    for text in ("mailto:lea@client.example", "mailto:olga@client.example", 'href="tel:+493055"', "Billing", "German"):
        assert text in shown
    event = AuditEvent.objects.get(action="contact.added")
    assert (event.customer_id, event.object_label, event.data) == (customer.pk, customer.reference, {})


def test_a_contact_needs_a_name_or_an_address(stan: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/contacts/add/"
    response = stan.post(path, {"role": "general", "language": "en"})
    assert list(response.context["form"].errors) == ["last_name"]
    response = stan.post(path, {"role": "general", "language": "en", "email": "nobody"})
    assert list(response.context["form"].errors) == ["email"]
    assert stan.post(path, {"role": "general", "language": "en", "phone": "030 1"}).status_code == 302
    assert str(customer.contacts.get(is_primary=False)) == "030 1"


def test_archived_customers_accept_no_contacts(cast: Cast, stan: Client, customer: Customer) -> None:
    archive_customer(customer, by=cast.alice)
    assert "contacts/add/" not in people(stan, customer)
    assert stan.get(f"/customers/{customer.pk}/contacts/add/").status_code == 404
    response = stan.post(f"/customers/{customer.pk}/contacts/add/", OLGA)
    assert "This customer is archived." in str(response.context["form"].non_field_errors())
    assert customer.contacts.count() == 1


def test_editing_the_primary_contact_changes_the_customer(stan: Client, customer: Customer) -> None:
    path = f"/contacts/{primary(customer).pk}/edit/"
    assert "Remove" not in stan.get(path).content.decode()
    assert stan.post(path, {**OLGA, "salutation": "ms"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.person_name, customer.email, customer.language, customer.salutation) == (
        "Olga Orlow",
        "olga@client.example",
        "de",
        "ms",
    )
    assert primary(customer).role == "billing"


def test_an_open_form_of_the_customer_keeps_what_the_contact_changed(stan: Client, customer: Customer) -> None:
    form = {name: value for name, value in stan.get(f"/customers/{customer.pk}/edit/").context["form"].initial.items() if value is not None}
    stan.post(f"/contacts/{primary(customer).pk}/edit/", OLGA)
    response = stan.post(f"/customers/{customer.pk}/edit/", form | {"version": 1, "city": "Köln", "email": "other@client.example"})
    assert "email" in response.context["form"].errors
    customer.refresh_from_db()
    assert customer.email == "olga@client.example"


def test_a_person_keeps_a_last_name(cast: Cast, stan: Client) -> None:
    person = CustomerFactory(agency=cast.alder, kind="person", company="")
    response = stan.post(f"/contacts/{primary(person).pk}/edit/", {**OLGA, "last_name": ""})
    assert "A person needs a last name." in response.content.decode()
    nameless = ContactFactory(customer=person, last_name="")
    assert "A person needs a last name." in stan.post(f"/contacts/{nameless.pk}/primary/", follow=True).content.decode()
    person.refresh_from_db()
    assert person.last_name == "Brandt"


def test_make_primary_and_undo(stan: Client, customer: Customer) -> None:
    former, other = primary(customer), ContactFactory(customer=customer, email="olga@client.example")
    assert f"/contacts/{other.pk}/primary/" in people(stan, customer)
    page = stan.post(f"/contacts/{other.pk}/primary/", follow=True).content.decode()
    assert f"{other} is now the primary contact." in page
    assert f'action="/contacts/{former.pk}/primary/"' in page
    customer.refresh_from_db()
    assert customer.email == "olga@client.example"
    stan.post(f"/contacts/{former.pk}/primary/")
    customer.refresh_from_db()
    assert customer.email == "lea@client.example"


def test_remove_and_undo(stan: Client, customer: Customer) -> None:
    other = ContactFactory(customer=customer)
    page = stan.post(f"/contacts/{other.pk}/remove/", {"next": "/customers/"}, follow=True)
    assert page.redirect_chain[0][0] == "/customers/"
    assert f'action="/contacts/{other.pk}/restore/"' in page.content.decode()
    assert str(other) not in people(stan, customer)
    assert stan.get(f"/contacts/{other.pk}/edit/").status_code == 404
    stan.post(f"/contacts/{other.pk}/restore/")
    stan.post(f"/contacts/{other.pk}/restore/")
    assert str(other) in people(stan, customer)
    assert AuditEvent.objects.filter(action="contact.restored").count() == 1


def test_the_primary_contact_cannot_be_removed(stan: Client, customer: Customer) -> None:
    assert f"/contacts/{primary(customer).pk}/remove/" not in people(stan, customer)
    page = stan.post(f"/contacts/{primary(customer).pk}/remove/", follow=True).content.decode()
    assert "Make another contact primary before you remove this one." in page
    assert customer.contacts.count() == 1


def test_removed_contacts_are_deleted_after_a_day(cast: Cast, customer: Customer) -> None:
    remove_contact(ContactFactory(customer=customer), by=cast.stan)
    kept = ContactFactory(customer=customer)
    purge_imports()
    assert Contact.with_removed.count() == 3
    with time_machine.travel(timezone.now() + KEEP_REMOVED * 1.1, tick=False):
        purge_imports()
    assert set(Contact.with_removed.values_list("pk", flat=True)) == {kept.pk, primary(customer).pk}


def test_many_contacts_are_folded(stan: Client, customer: Customer) -> None:
    for _ in range(7):
        ContactFactory(customer=customer)
    shown = people(stan, customer)
    assert shown.index("4 more") < shown.index('<details class="folded"') + 400
    assert shown.count("mailto:") == 8


def test_the_erase_page_counts_contacts(alice: Client, customer: Customer) -> None:
    ContactFactory(customer=customer)
    assert customer.erasure_summary()["contacts"] == 1
