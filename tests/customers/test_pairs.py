"""The search for duplicates, its page, and pairs that are dismissed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.merging import pairs as searching
from customers.merging.pairs import run_batches, search_changed, start_search
from customers.merging.tasks import sweep_searches
from customers.models import Customer, CustomerKey, CustomerPair, PairSearch
from customers.services.customers import erase_customer
from partnerportal.agencies.models import Agency
from tests.cast import Cast
from tests.customers.test_merge import merge
from tests.factories.customers import CustomerFactory, DomainFactory
from tests.factories.merging import CustomerPairFactory, PairSearchFactory

DUPLICATES = "/customers/duplicates/"


@pytest.fixture(autouse=True)
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the task after the commit, as if the process had been killed."""
    monkeypatch.setattr(searching, "enqueue", lambda _pk: None)


def searched(agency: Agency) -> PairSearch:
    search = start_search(agency)
    for _batch in run_batches(search.pk):
        pass
    search.refresh_from_db()
    return search


def found(agency: Agency) -> list[tuple[set[str], list[str]]]:
    return [({pair.first.company, pair.second.company}, pair.reasons) for pair in agency.customer_pairs.open().order_by("-score", "pk")]


def customers(agency: Agency, **fields: Any) -> list[Customer]:
    """Create one customer for each value of the lists in `fields`, named A, B and so on."""
    numbers = range(max(len(values) for values in fields.values()))
    return [
        CustomerFactory(
            agency=agency, **({"company": "ABCD"[number], "email": ""} | {name: values[number] for name, values in fields.items()})
        )
        for number in numbers
    ]


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"email": ["ute@mehl.example", "UTE@mehl.example"]}, ["email"]),
        ({"email": ["ute@käse.example", "ute@xn--kse-qla.example"]}, ["email"]),
        ({"email": ["ute@mehl.example", "udo@mehl.example"]}, None),
        ({"phone": ["+49 3581 4410", "(03581) 44 10"]}, ["phone"]),
        ({"phone": ["030 4455668", "040 4455668"]}, None),
        ({"phone": ["030 4455668", "044 455 56 68"]}, None),
        ({"website": ["https://www.mehl.example/shop", "http://mehl.example"]}, ["domain"]),
        ({"website": ["https://käse.example", "https://xn--kse-qla.example/"]}, ["domain"]),
        ({"company": ["Mehl GmbH", "MEHL  gmbh"]}, ["name"]),
        ({"company": ["Mehl GmbH", "Mehl GmbH"], "city": ["Görlitz", "görlitz "]}, ["city", "name"]),
        ({"company": ["Mehl GmbH", "Mehl GmbH"], "city": ["Görlitz", "Kiel"]}, ["name"]),
        ({"kind": ["person"] * 2, "company": ["", ""], "last_name": ["Öhler"] * 2, "first_name": ["Jens"] * 2}, ["name"]),
        ({"kind": ["person"] * 2, "company": ["", ""], "last_name": ["Öhler"] * 2, "first_name": [""] * 2}, None),
    ],
)
def test_rules(cast: Cast, fields: dict[str, list[str]], reasons: list[str] | None) -> None:
    customers(cast.alder, **fields)
    searched(cast.alder)
    assert [pair.reasons for pair in CustomerPair.objects.all()] == ([reasons] if reasons else [])
    assert not CustomerKey.objects.exists()


def test_domains_and_websites_are_compared(cast: Cast) -> None:
    _one, other = customers(cast.alder, website=["https://mehl.example", ""])
    DomainFactory(customer=other, name="www.mehl.example")
    searched(cast.alder)
    assert found(cast.alder) == [({"A", "B"}, ["domain"])]


def test_most_likely_pairs_come_first(max_: Client, cast: Cast) -> None:
    customers(cast.alder, email=["", "ute@mehl.example", "ute@mehl.example", ""], phone=["03581 4410", "03581 4410", "03581 4410", ""])
    searched(cast.alder)
    assert found(cast.alder)[0] == ({"B", "C"}, ["email", "phone"])
    page = max_.get(DUPLICATES).content.decode()
    assert page.index("same e-mail") < page.index("same phone number")
    assert page.count("same phone number") == 3


def test_shared_numbers_make_no_pairs(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_SHARED", 3)
    customers(cast.alder, phone=["03581 4410"] * 4)
    searched(cast.alder)
    assert found(cast.alder) == []


def test_strangers_and_erased_customers_make_no_pairs(cast: Cast) -> None:
    _one, other = customers(cast.alder, email=["ute@mehl.example"] * 2)
    CustomerFactory(agency=cast.birch, email="ute@mehl.example")
    searched(cast.alder)
    assert len(found(cast.alder)) == 1
    erase_customer(other, by=cast.alice)
    assert not CustomerPair.objects.exists()
    searched(cast.alder)
    assert found(cast.alder) == []


def test_values_of_a_merged_customer_count_for_the_first(cast: Cast) -> None:
    one, two, _three = customers(cast.alder, email=["a@mehl.example", "b@mehl.example", "b@mehl.example"])
    merge(cast, one, two)
    searched(cast.alder)
    assert found(cast.alder) == [({"A", "C"}, ["email"])]


def test_pairs_that_are_no_longer_alike_disappear_and_dismissed_ones_stay(max_: Client, cast: Cast) -> None:
    one, two, three = customers(cast.alder, email=["a@mehl.example"] * 3)
    searched(cast.alder)
    pair = CustomerPair.objects.get(first=one, second=two)
    response = max_.post(f"{DUPLICATES}{pair.pk}/dismiss/", follow=True)
    assert "are no longer listed as duplicates" in response.content.decode()
    Customer.objects.filter(pk=three.pk).update(email="other@mehl.example")
    searched(cast.alder)
    assert found(cast.alder) == []
    assert [row.pk for row in max_.get(f"{DUPLICATES}?show=dismissed").context["page"].items] == [pair.pk]
    max_.post(f"{DUPLICATES}{pair.pk}/restore/")
    assert found(cast.alder) == [({"A", "B"}, ["email"])]


def test_a_dismissed_pair_stays_dismissed_when_it_is_alike_again(max_: Client, cast: Cast) -> None:
    _one, two = customers(cast.alder, email=["a@mehl.example"] * 2)
    searched(cast.alder)
    max_.post(f"{DUPLICATES}{CustomerPair.objects.get().pk}/dismiss/")
    for email in ("other@mehl.example", "a@mehl.example"):
        Customer.objects.filter(pk=two.pk).update(email=email)
        searched(cast.alder)
        assert found(cast.alder) == []


def test_progress_is_shown_and_can_be_left(max_: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "BATCH_SIZE", 2)
    customers(cast.alder, email=["a@mehl.example"] * 3)
    assert "Not searched yet" in max_.get(DUPLICATES).content.decode()
    assert max_.post(f"{DUPLICATES}search/")["Location"] == DUPLICATES
    batches = run_batches(PairSearch.objects.get().pk)
    next(batches)
    page = max_.get(DUPLICATES).content.decode()
    assert "2 of 3 customers" in page
    assert max_.post(f"{DUPLICATES}search/")["Location"] == DUPLICATES
    assert PairSearch.objects.get().progress == 2, "a second click doesn't start again"
    for _batch in batches:
        pass
    assert max_.get(DUPLICATES, headers={"hx-request": "true", "hx-target": "pair-search"})["HX-Refresh"] == "true"
    assert len(max_.get(DUPLICATES).context["page"].items) == 3


def test_killed_worker_continues(cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.IMPORT_LEASE = 0.0
    monkeypatch.setattr(searching, "BATCH_SIZE", 2)
    customers(cast.alder, email=["a@mehl.example"] * 4)
    search = start_search(cast.alder)
    next(run_batches(search.pk))
    assert sweep_searches() == 1
    for _batch in run_batches(search.pk):
        pass
    assert len(found(cast.alder)) == 6


def test_search_without_progress_fails(max_: Client, cast: Cast, settings: Any) -> None:
    settings.IMPORT_LEASE = 0.0
    start_search(cast.alder)
    assert [sweep_searches() for _ in range(searching.MAX_ATTEMPTS + 1)] == [1] * searching.MAX_ATTEMPTS + [0]
    assert "The search for duplicates failed" in max_.get(DUPLICATES).content.decode()


def test_nightly_search_skips_agencies_without_changes(cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    PairSearchFactory(agency=cast.birch)
    assert search_changed() == 1
    PairSearch.objects.update(status="done", started_at=timezone.now() + timedelta(minutes=1))
    assert search_changed() == 0


def test_search_needs_as_many_queries_for_any_number_of_customers(cast: Cast) -> None:
    searched(cast.alder)  # The first search of an agency creates its row.
    counts = []
    for more in (2, 20):
        CustomerFactory.create_batch(more, agency=cast.alder, email="a@mehl.example")
        with CaptureQueriesContext(connection) as queries:
            searched(cast.alder)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_merged_and_foreign_pairs_are_hidden(max_: Client, cast: Cast) -> None:
    pair = CustomerPairFactory(agency=cast.alder)
    foreign = CustomerPairFactory(agency=cast.birch)
    assert [row.pk for row in max_.get(DUPLICATES).context["page"].items] == [pair.pk]
    assert max_.post(f"{DUPLICATES}{foreign.pk}/dismiss/").status_code == 404
    merge(cast, pair.first, pair.second)
    assert max_.get(DUPLICATES).context["page"].items == []
