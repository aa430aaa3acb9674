"""Choosing an existing customer: who is likely and why, then the search; nobody else's, nobody who is put aside."""

import pytest
from django.http import Http404, QueryDict
from django.utils.http import urlencode

from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from customers.views.picker import MAX_RESULTS, PickerOptions, picker_options, selected_customer
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, DomainFactory


def choice(cast: Cast, q: str = "", **fields: str) -> PickerOptions:
    return picker_options(cast.alder, fields, q=q)


def choose(cast: Cast, key: object) -> Customer:
    return selected_customer(cast.alder, QueryDict(urlencode({"customer": key})))


@pytest.fixture
def mill(cast: Cast) -> Customer:
    customer = CustomerFactory(
        agency=cast.alder,
        company="Müllerei Größe GmbH",
        first_name="Ute",
        last_name="Größe",
        email="ute@mehl.example",
        phone="+49 221 5550148",
        city="Görlitz",
    )
    DomainFactory(customer=customer, name="mehl.example")
    CustomerFactory(agency=cast.alder, company="Bäckerei Ofenfrisch", first_name="Jo", last_name="Klee")
    CustomerFactory(agency=cast.birch, company="Müllerei Größe GmbH", email="ute@mehl.example")
    return customer


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"email": "UTE@mehl.example"}, "same e-mail"),
        ({"phone": "(0221) 555 01 48"}, "same phone number"),
        ({"email": "info@mehl.example"}, "same domain"),
        ({"company": "Mullerei Grosse"}, "similar name"),
        ({"first_name": "Ute", "last_name": "Groesse"}, "similar name"),
    ],
)
def test_the_likely_one_comes_with_why(cast: Cast, mill: Customer, fields: dict[str, str], reason: str) -> None:
    (twin,) = choice(cast, **fields).likely
    assert twin.customer == mill
    assert reason in [str(why) for why in twin.reasons]


def test_two_ways_to_one_reason_are_one_reason(cast: Cast, mill: Customer) -> None:
    (twin,) = choice(cast, company="Müllerei Größe", first_name="Ute", last_name="Größe").likely
    assert [str(why) for why in twin.reasons] == ["similar name"]


@pytest.mark.parametrize("fields", [{}, {"company": "Fischhandel Krause"}, {"email": "somebody@else.example"}, {"last_name": "Gr"}])
def test_nobody_is_likely_without_a_reason(cast: Cast, mill: Customer, fields: dict[str, str]) -> None:
    assert choice(cast, **fields).likely == []


def test_without_a_search_the_newest_stand_there(cast: Cast) -> None:
    customers = [CustomerFactory(agency=cast.alder) for _ in range(MAX_RESULTS + 2)]
    offered = choice(cast)
    assert (offered.found, offered.more) == (customers[:1:-1], True)


@pytest.mark.parametrize("q", ["müllerei", "groesse", "K-1001", "mehl.exam", "5550148", "mulerei"])
def test_the_search_finds_active_customers(cast: Cast, mill: Customer, q: str) -> None:
    assert choice(cast, q).found == [mill]
    archive_customer(mill, by=cast.alice)
    assert mill not in choice(cast, q).found


@pytest.mark.parametrize("q", ["\x00", " ", "%", "x" * 5000, "‮", "'"])
def test_any_search_is_taken(cast: Cast, mill: Customer, q: str) -> None:
    assert choice(cast, q).likely == []


def test_only_an_active_customer_of_ones_own_is_chosen(cast: Cast, mill: Customer) -> None:
    assert choose(cast, mill.pk) == mill
    theirs = cast.birch.customers.get()
    archive_customer(mill, by=cast.alice)
    for key in (mill.pk, theirs.pk, 0, -1, 2**70, "", "x", "1 OR 1=1"):
        with pytest.raises(Http404):
            choose(cast, key)
    erase_customer(mill, by=cast.alice)
    with pytest.raises(Http404):
        choose(cast, mill.pk)
