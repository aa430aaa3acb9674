"""What the database guarantees about the contacts of customers."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from customers.models import Contact, Customer
from customers.queries.contacts import DEADLINE_ROLES, addressable_contacts, contact_for
from customers.services.contacts import make_primary, remove_contact, restore_contact
from customers.services.customers import erase_customer, update_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.core.versions import EditConflict
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import ContactFactory, CustomerFactory

SHARED = ("salutation", "first_name", "last_name", "email", "phone", "language")


def shared(row: Any) -> dict[str, Any]:
    row.refresh_from_db()
    return {name: getattr(row, name) for name in SHARED}


def primary(customer: Customer) -> Contact:
    return Contact.objects.get(customer=customer, is_primary=True)


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, salutation="ms", email="lea@client.example", phone="+49 30 1234567")


@pytest.mark.django_db
class TestPrimary:
    def test_a_new_customer_has_its_person_as_primary_contact(self, customer: Customer) -> None:
        assert shared(primary(customer)) == shared(customer)
        assert primary(customer).role == "general"

    def test_customers_added_in_bulk_have_one_each(self, cast: Cast) -> None:
        Customer.objects.bulk_create(
            Customer(agency=cast.alder, number=2000 + n, company=f"C {n}", email=f"c{n}@x.example") for n in range(3)
        )
        assert list(Contact.objects.order_by("pk").values_list("email", "is_primary")) == [(f"c{n}@x.example", True) for n in range(3)]

    def test_changing_the_customer_changes_its_primary_contact_only(self, customer: Customer) -> None:
        other = ContactFactory(customer=customer, email="olga@client.example")
        Customer.objects.filter(pk=customer.pk).update(email="new@client.example", last_name="Neu", language="de")
        assert shared(primary(customer)) == shared(customer)
        assert shared(other)["email"] == "olga@client.example"

    def test_changing_the_primary_contact_changes_the_customer_and_its_version(self, customer: Customer) -> None:
        version = customer.version
        Contact.objects.filter(pk=primary(customer).pk).update(phone="030 99", first_name="Lena", salutation="mx")
        assert shared(customer) == shared(primary(customer))
        assert (customer.phone, customer.version) == ("030 99", version + 1)

    def test_another_role_leaves_the_customer_as_it_is(self, customer: Customer) -> None:
        Contact.objects.filter(pk=primary(customer).pk).update(role="billing")
        before = customer.version
        customer.refresh_from_db()
        assert customer.version == before

    def test_it_cannot_be_deleted_without_the_customer(self, customer: Customer) -> None:
        def delete() -> None:
            primary(customer).delete()
            connection.check_constraints()

        with pytest.raises(IntegrityError, match="without a primary contact"), transaction.atomic():
            delete()
        customer.delete()
        connection.check_constraints()
        assert not Contact.with_removed.exists()

    def test_it_cannot_be_moved_to_another_customer(self, customer: Customer) -> None:
        other = CustomerFactory(agency=customer.agency)
        with pytest.raises(IntegrityError, match="contact_primary_once"), transaction.atomic():
            Contact.objects.filter(pk=primary(customer).pk).update(customer=other)

    def test_a_replaced_one_becomes_the_customers_person(self, customer: Customer) -> None:
        with transaction.atomic():
            primary(customer).delete()
            Contact.objects.create(agency=customer.agency, customer=customer, is_primary=True, last_name="Neu", email="neu@client.example")
        connection.check_constraints()
        assert shared(customer)["email"] == "neu@client.example"


@pytest.mark.django_db
class TestMakePrimary:
    def test_the_two_contacts_swap(self, cast: Cast, customer: Customer) -> None:
        former, other = primary(customer), ContactFactory(customer=customer, last_name="Orlow", email="olga@client.example", role="billing")
        was = shared(former)
        assert make_primary(other, by=cast.stan)
        connection.check_constraints()
        assert primary(customer) == other
        assert shared(customer) == shared(other)
        assert (customer.email, customer.version) == ("olga@client.example", 2)
        assert shared(former) == was
        assert not former.is_primary
        assert AuditEvent.objects.filter(action="contact.made_primary", customer_id=customer.pk).count() == 1
        assert not make_primary(other, by=cast.stan)

    def test_a_person_is_named_as_its_primary_contact(self, cast: Cast) -> None:
        person = CustomerFactory(agency=cast.alder, kind="person", company="", last_name="Zorn")
        make_primary(ContactFactory(customer=person, first_name="Olga", last_name="Orlow"), by=cast.stan)
        person.refresh_from_db()
        assert (person.display_name, person.sort_name) == ("Orlow, Olga", "orlow olga")

    def test_an_empty_contact_is_not_kept(self, cast: Cast) -> None:
        bare = CustomerFactory(agency=cast.alder, first_name="", last_name="", email="")
        other = ContactFactory(customer=bare)
        make_primary(other, by=cast.stan)
        connection.check_constraints()
        assert list(bare.contacts.all()) == [other]


@pytest.mark.django_db
class TestSearchText:
    def test_it_contains_all_contacts(self, customer: Customer) -> None:
        found = Customer.objects.for_agency(customer.agency)
        ContactFactory(customer=customer, first_name="Jörg", last_name="Größe", email="joerg@buero.example", phone="+49 (351) 55 66 77")
        for query in ("Größe", "groesse", "joergg", "joerg@buero.example", "49351556677", "brandt", "lea@client.example"):
            assert found.search(query) == [customer.pk], query

    def test_it_follows_changes_and_removals(self, cast: Cast, customer: Customer) -> None:
        found = Customer.objects.for_agency(customer.agency)
        other = ContactFactory(customer=customer, last_name="Xaverius", email="")
        Contact.objects.filter(pk=other.pk).update(last_name="Quirinius")
        assert (found.matching("xaverius").count(), found.matching("quirinius").count()) == (0, 1)
        remove_contact(other, by=cast.stan)
        assert found.matching("quirinius").count() == 0
        restore_contact(other, by=cast.stan)
        assert found.matching("quirinius").count() == 1
        other.delete()
        assert found.matching("quirinius").count() == 0

    def test_adding_customers_does_not_rebuild_it(self, cast: Cast, django_assert_num_queries: Any) -> None:
        customer = CustomerFactory(agency=cast.alder)
        Customer.objects.filter(pk=customer.pk).update(phone="12345678")
        customer.refresh_from_db()
        assert "12345678" in customer.search_text


@pytest.mark.django_db
class TestErased:
    def test_no_contact_remains(self, cast: Cast, customer: Customer) -> None:
        removed = ContactFactory(customer=customer)
        remove_contact(removed, by=cast.stan)
        ContactFactory(customer=customer)
        erase_customer(customer, by=cast.alice)
        (left,) = Contact.with_removed.all()
        assert left.is_primary
        assert {**shared(left), "language": ""} == dict.fromkeys(SHARED, "")

    def test_none_can_be_added(self, cast: Cast, customer: Customer) -> None:
        erase_customer(customer, by=cast.alice)
        with pytest.raises(IntegrityError, match="has no contacts"), transaction.atomic():
            ContactFactory(customer=customer)
        with pytest.raises(IntegrityError, match="nothing_personal"), transaction.atomic():
            Contact.objects.filter(customer=customer).update(email="lea@client.example")

    def test_it_cannot_be_erased_with_contacts(self, customer: Customer) -> None:
        ContactFactory(customer=customer)
        empty = dict.fromkeys(("company", "salutation", "first_name", "last_name", "email", "phone"), "")
        with pytest.raises(IntegrityError, match="is erased but has contacts"), transaction.atomic():
            Customer.objects.filter(pk=customer.pk).update(status="erased", **empty)


@pytest.mark.django_db
def test_the_contact_for_a_role_is_the_first_with_an_address(customer: Customer) -> None:
    assert contact_for(customer, DEADLINE_ROLES) == primary(customer)
    ContactFactory(customer=customer, role="billing", email="")
    technical = ContactFactory(customer=customer, role="technical")
    assert contact_for(customer, DEADLINE_ROLES) == technical
    billing = ContactFactory(customer=customer, role="billing")
    assert contact_for(customer, DEADLINE_ROLES) == billing
    assert contact_for(customer, ("decision",)) == primary(customer)
    assert addressable_contacts(customer) == [primary(customer), technical, billing]


@pytest.mark.django_db
def test_customers_are_found_by_the_address_of_any_contact(cast: Cast, customer: Customer) -> None:
    ContactFactory(customer=customer, email="olga@straße.example")
    for spelling in ("LEA@client.example", "Olga@xn--strae-oqa.example", "olga@STRAẞE.example".lower()):
        assert list(cast.alder.customers.with_address(spelling)) == [customer]
    assert not cast.birch.customers.with_address("lea@client.example").exists()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_only_one_contact_becomes_primary(self, cast: Cast, customer: Customer) -> None:
        contacts = [ContactFactory(customer=customer) for _ in range(4)]
        results = at_once(4, lambda n: make_primary(contacts[n], by=cast.stan))
        assert results == [True] * 4
        assert shared(customer) == shared(primary(customer))
        assert customer.version == 5
        assert customer.contacts.count() == 5

    def test_the_customer_and_its_contact_stay_equal(self, cast: Cast, customer: Customer) -> None:
        key = primary(customer).pk

        def change(number: int) -> None:
            with transaction.atomic():
                locked = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)
                if number % 2:
                    Customer.objects.filter(pk=locked.pk).update(email=f"customer{number}@client.example")
                else:
                    Contact.objects.filter(pk=key).update(phone=f"030 {number}")

        assert at_once(6, change) == [None] * 6
        assert shared(customer) == shared(primary(customer))

    def test_an_erasure_leaves_no_contact_that_is_added_meanwhile(self, cast: Cast, customer: Customer) -> None:
        def act(number: int) -> object:
            if number == 0:
                return erase_customer(customer, by=cast.alice)
            return ContactFactory(customer=customer, agency=cast.alder)

        results = at_once(4, act)
        assert results[0] is True
        assert all(isinstance(result, Contact | IntegrityError) for result in results[1:])
        assert Contact.with_removed.filter(customer=customer).count() == 1
        assert shared(primary(customer))["email"] == ""

    def test_contacts_added_without_locks_do_not_deadlock(self, cast: Cast, customer: Customer) -> None:
        results = at_once(6, lambda _number: ContactFactory(customer=customer, agency=cast.alder))
        assert all(isinstance(result, Contact) for result in results)

    def test_an_open_edit_form_notices_the_change(self, cast: Cast, customer: Customer) -> None:
        make_primary(ContactFactory(customer=customer), by=cast.stan)
        customer.city = "Köln"
        with pytest.raises(EditConflict):
            update_customer(customer, changed=["city"], version=1, by=cast.stan)
