"""Customer numbers: K-1001, K-1002, … in each agency."""

import pytest
from django.db import IntegrityError, transaction

from customers.models import Customer
from customers.services.customers import create_customer
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory


def test_numbers_start_at_1001_in_each_agency(cast: Cast) -> None:
    first, second = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    assert (first.reference, second.reference) == ("K-1001", "K-1002")
    assert CustomerFactory(agency=cast.birch).reference == "K-1001"


def test_failed_creation_leaves_no_gap(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        create_customer(agency=cast.alder, by=cast.alice, kind="person", last_name="")
    assert CustomerFactory(agency=cast.alder).reference == "K-1001"


def test_database_rejects_duplicate_numbers(cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    with pytest.raises(IntegrityError, match="customer_number_once_per_agency"):
        Customer.objects.create(agency=cast.alder, number=1001, company="Twin")


@pytest.mark.django_db(transaction=True)
def test_20_concurrent_creations_get_20_numbers(cast: Cast) -> None:
    created = at_once(20, lambda n: create_customer(agency=cast.alder, by=cast.alice, kind="company", company=f"Company {n}"))
    assert sorted(customer.number for customer in created) == list(range(1001, 1021))
