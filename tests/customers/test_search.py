"""Search for customers: parts of words, ignoring accents, case and typing errors, best matches first."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.models import Customer, CustomerWord, Domain
from customers.services.customers import erase_customer
from partnerportal.agencies.models import Agency
from partnerportal.core.search import MAX_CANDIDATES
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, TaskFactory


def found(client: Client, query: str, **filters: str) -> list[str]:
    page = client.get("/customers/", {"q": query, **filters}).context["page"]
    return [customer.display_name for customer in page.items]


@pytest.fixture
def mill(cast: Cast) -> Customer:
    customer = CustomerFactory(
        agency=cast.alder,
        company="Müllerei Größe GmbH",
        first_name="Ute",
        last_name="Ångström",
        email="ute@mehl.example",
        phone="+49 (3581) 44-10",
        city="Görlitz",
    )
    DomainFactory(customer=customer, name="xn--weizen-9ta.example")
    CustomerFactory(agency=cast.alder, company="Bakery Sundown", first_name="Bo", last_name="Quist", city="Kiel", email="bo@sun.example")
    CustomerFactory(agency=cast.birch, company="Müllerei Größe GmbH", city="Görlitz")
    return customer


@pytest.mark.parametrize(
    "query",
    [
        "müllerei", "MULLEREI", "Muellerei", "llere", "größe", "grosse", "Groesse", "ute", "angstrom", "ute@mehl", "3581", "35814410",
        "görlitz", "goerlitz", "K-1001", "k-1001", "weizen", "xn--weizen", "müllerei görlitz", "görlitz ute",
        "Mülerei", "Mullereii", "Görliz", "Angstorm",
    ],
)  # fmt: skip
def test_search_finds_customer(stan: Client, mill: Customer, query: str) -> None:
    assert found(stan, query) == ["Müllerei Größe GmbH"]


@pytest.mark.parametrize("query", ["müllerei kiel", "qqqqqq", "%", "_", "%%%", "\x00", "' OR 1=1 --", "\\", "😀", "x" * 5000])
def test_search_without_matches(stan: Client, mill: Customer, query: str) -> None:
    assert found(stan, query) == []


def test_best_match_is_first(stan: Client, cast: Cast) -> None:
    for company in ("Hafenbrandt Logistik", "Brandt", "Brandtner und Töchter"):
        CustomerFactory(agency=cast.alder, company=company, first_name="", last_name="", email="")
    assert found(stan, "brandt")[0] == "Brandt"
    assert len(found(stan, "brandt")) == 3


def test_search_follows_changes_of_customers_and_domains(stan: Client, mill: Customer) -> None:
    Customer.objects.filter(pk=mill.pk).update(company="Windrad AG")
    assert found(stan, "müllerei") == []
    assert found(stan, "windrad") == ["Windrad AG"]
    Domain.objects.filter(customer=mill).update(unicode_name="roggen.example", name="roggen.example")
    assert found(stan, "weizen") == []
    assert found(stan, "roggen") == ["Windrad AG"]
    Domain.objects.all().delete()
    assert found(stan, "roggen") == []


def test_filters_are_in_the_url(stan: Client, cast: Cast) -> None:
    person = CustomerFactory(agency=cast.alder, kind="person", last_name="Meer", first_name="Ida", city="KIEL", responsible=cast.max)
    company = CustomerFactory(agency=cast.alder, company="Meer GmbH", city="Köln")
    TaskFactory(customer=company)
    TaskFactory(customer=person, done_at="2026-01-01T00:00Z")
    for filters, expected in (
        ({"kind": "person"}, ["Meer, Ida"]),
        ({"city": "kiel"}, ["Meer, Ida"]),
        ({"responsible": str(cast.max.pk)}, ["Meer, Ida"]),
        ({"open_tasks": "on"}, ["Meer GmbH"]),
        ({"sort": "name"}, ["Meer GmbH", "Meer, Ida"]),
        ({"sort": "number"}, ["Meer, Ida", "Meer GmbH"]),
        ({"sort": "newest"}, ["Meer GmbH", "Meer, Ida"]),
        ({"status": "archived"}, []),
        ({"kind": "robot", "sort": "size", "responsible": "x", "status": "lost"}, ["Meer GmbH", "Meer, Ida"]),
    ):
        for query in ("", "meer"):
            if query and "sort" not in filters:
                assert set(found(stan, query, **filters)) == set(expected), filters
            else:
                assert found(stan, query, **filters) == expected, filters


@pytest.mark.parametrize("sort", ["", "name", "number", "newest"])
def test_search_results_are_paginated(stan: Client, cast: Cast, sort: str) -> None:
    for n in range(60):
        CustomerFactory(agency=cast.alder, company=f"Same Name {n % 7}", first_name="", last_name="", email="")
    seen, url = [], f"/customers/?q=same&sort={sort}"
    while url:
        page = stan.get(url).context["page"]
        seen += [customer.number for customer in page.items]
        url = page.next_url and f"/customers/{page.next_url}"
    assert sorted(seen) == list(range(1001, 1061))


def test_search_uses_the_index_that_starts_with_the_agency(stan: Client, cast: Cast) -> None:
    for agency in (cast.alder, cast.birch):
        names = (f"{'Firm' if n % 10 else 'Müllerei'} {n * 7919}" for n in range(3000))
        Customer.objects.bulk_create(Customer(agency=agency, number=2000 + n, company=name) for n, name in enumerate(names))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer")
        # Makes the planner treat this small table like a large one.
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL cpu_tuple_cost = 1")
    with CaptureQueriesContext(connection) as queries:
        assert len(stan.get("/customers/?q=mullerei").context["page"].items) == 25
    # The list then shows all these matches, newest first.
    search, _list = (query["sql"] for query in queries if "LIKE" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {search}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Bitmap Index Scan on customer_search" in plan
    index_condition = plan.split("Index Cond: ")[1].splitlines()[0]
    assert "agency_id" in index_condition
    assert "search_text" in index_condition


def test_list_shows_open_tasks_and_dates_within_30_days(stan: Client, cast: Cast) -> None:
    today = timezone.localdate()
    customer = CustomerFactory(agency=cast.alder)
    TaskFactory(customer=customer)
    TaskFactory(customer=customer, done_at=timezone.now())
    DomainFactory(customer=customer, expires_on=today + timedelta(days=12))
    DomainFactory(customer=customer, expires_on=today + timedelta(days=3), auto_renew=True)
    ContractFactory(customer=customer, ends_on=today + timedelta(days=31))
    row = stan.get("/customers/").context["page"].items[0]
    assert (row.open_tasks, row.domain_ends, row.contract_ends) == (1, today + timedelta(days=12), None)


def words_of(agency: Agency) -> set[str]:
    return set(CustomerWord.objects.filter(agency=agency).values_list("word", flat=True))


def test_words_follow_changes_of_customers_and_domains(cast: Cast, mill: Customer) -> None:
    assert {"mullerei", "muellerei", "grosse", "ute", "mehl", "kiel"} <= words_of(cast.alder)
    assert not any(word[0].isdigit() or word.startswith("k-") for word in words_of(cast.alder))
    twin = CustomerFactory(agency=cast.alder, company="Mullerei", first_name="", last_name="", email="", city="")
    Customer.objects.filter(agency=cast.alder).exclude(pk=twin.pk).update(company="Windrad AG", email="info@windrad.example")
    assert {"windrad", "example", "mullerei", "kiel"} <= words_of(cast.alder)
    assert not {"grosse", "mehl", "sundown"} & words_of(cast.alder)
    DomainFactory(customer=twin, name="roggen.example")
    assert "roggen" in words_of(cast.alder)
    Domain.objects.all().delete()
    assert "roggen" not in words_of(cast.alder)
    twin.delete()
    assert "mullerei" not in words_of(cast.alder)
    assert "mullerei" in words_of(cast.birch)


def test_erasure_removes_words_that_only_this_customer_has(cast: Cast, mill: Customer) -> None:
    erase_customer(mill, by=cast.alice)
    assert not {"mullerei", "angstrom", "ute"} & words_of(cast.alder)
    assert "quist" in words_of(cast.alder)


def test_too_many_matches_are_the_newest_first_instead_of_ranked(stan: Client, cast: Cast) -> None:
    names = [*("Brandtner" for _ in range(MAX_CANDIDATES)), "Brandt"]
    Customer.objects.bulk_create(Customer(agency=cast.alder, number=2000 + n, company=name) for n, name in enumerate(names))
    for query in ("brandt", "branddt"):
        response = stan.get("/customers/", {"q": query})
        page = response.context["page"]
        assert [customer.number for customer in page.items[:3]] == [2200, 2199, 2198]
        assert (response.context["total"], response.context["total_is_more"]) == (200, True)
        last = stan.get(f"/customers/{page.next_url}").context["page"].items[-1]
        assert last.number == 2200 - 49
    Customer.objects.filter(number=2000).delete()
    assert found(stan, "brandt")[0] == "Brandt"


def test_a_typing_error_compares_words_instead_of_customers(stan: Client, cast: Cast, mill: Customer) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert found(stan, "Mülerei Gorliz") == ["Müllerei Größe GmbH"]
    fuzzy = [query["sql"] for query in queries if "%>" in query["sql"]]
    assert len(fuzzy) == 1
    assert "customers_customerword" in fuzzy[0]


def test_changing_ten_times_as_many_customers_takes_about_ten_times_as_long(cast: Cast) -> None:
    """PostgreSQL keeps the plan of a trigger, which it made for single rows."""
    for number in range(8):
        DomainFactory(customer=CustomerFactory(agency=cast.alder), name=f"single{number}.example")

    def seconds(count: int) -> float:
        numbers = range(Customer.objects.count() + 5000, Customer.objects.count() + 5000 + count)
        customers = Customer.objects.bulk_create(Customer(agency=cast.alder, number=n, company=f"Firm {n * 7919}") for n in numbers)
        names = [f"d{customer.number}.example" for customer in customers]
        domains = [
            Domain(agency=cast.alder, customer=customer, name=name, unicode_name=name)
            for customer, name in zip(customers, names, strict=True)
        ]
        start = time.perf_counter()
        Domain.objects.bulk_create(domains)
        return time.perf_counter() - start

    assert seconds(400) < 50 * seconds(40)
