"""Selection of an existing customer: possible duplicates with their reasons, and a search among active customers."""

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
def test_possible_duplicates_have_reasons(cast: Cast, mill: Customer, fields: dict[str, str], reason: str) -> None:
    (candidate,) = choice(cast, **fields).likely
    assert candidate.customer == mill
    assert reason in [str(shown) for shown in candidate.reasons]


def test_reasons_are_not_repeated(cast: Cast, mill: Customer) -> None:
    (candidate,) = choice(cast, company="Müllerei Größe", first_name="Ute", last_name="Größe").likely
    assert [str(reason) for reason in candidate.reasons] == ["similar name"]


@pytest.mark.parametrize("fields", [{}, {"company": "Fischhandel Krause"}, {"email": "somebody@else.example"}, {"last_name": "Gr"}])
def test_customers_without_a_reason_are_not_suggested(cast: Cast, mill: Customer, fields: dict[str, str]) -> None:
    assert choice(cast, **fields).likely == []


def test_newest_customers_are_shown_without_a_search(cast: Cast) -> None:
    customers = [CustomerFactory(agency=cast.alder) for _ in range(MAX_RESULTS + 2)]
    offered = choice(cast)
    assert (offered.found, offered.more) == (customers[:1:-1], True)


@pytest.mark.parametrize("q", ["müllerei", "groesse", "K-1001", "mehl.exam", "5550148", "mulerei"])
def test_search_finds_only_active_customers(cast: Cast, mill: Customer, q: str) -> None:
    assert choice(cast, q).found == [mill]
    archive_customer(mill, by=cast.alice)
    assert mill not in choice(cast, q).found


@pytest.mark.parametrize("q", ["\x00", " ", "%", "x" * 5000, "‮", "'"])
def test_unusual_search_queries_are_accepted(cast: Cast, mill: Customer, q: str) -> None:
    assert choice(cast, q).likely == []


def test_only_the_agencys_active_customers_can_be_selected(cast: Cast, mill: Customer) -> None:
    assert choose(cast, mill.pk) == mill
    theirs = cast.birch.customers.get()
    archive_customer(mill, by=cast.alice)
    for key in (mill.pk, theirs.pk, 0, -1, 2**70, "", "x", "1 OR 1=1"):
        with pytest.raises(Http404):
            choose(cast, key)
    erase_customer(mill, by=cast.alice)
    with pytest.raises(Http404):
        choose(cast, mill.pk)
