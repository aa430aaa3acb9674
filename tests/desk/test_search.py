"""The global search, `/search/`."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Contract
from partnerportal.agencies.models import Membership
from partnerportal.desk.search import search
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory
from tests.factories.invitations import InvitationFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.saved_views import SavedViewFactory


def found(client: Client, query: str) -> dict[str, list[str]]:
    groups = client.get("/search/", {"q": query}).context["groups"]
    return {str(group.title): [hit.title for hit in group.hits] for group in groups}


@pytest.fixture
def harbour(cast: Cast) -> None:
    """A customer with one item of each type, in both agencies."""
    for agency in (cast.birch, cast.alder):
        customer = CustomerFactory(agency=agency, company="Zimmermann Hafenbau", first_name="", last_name="", email="", city="Kiel")
        DomainFactory(customer=customer, name="xn--mle-sna.example")
        ContractFactory(customer=customer, number="V-2031/7", product="Pflege für Kräne")
        ProjectFactory(customer=customer, title="Umbau der Website")


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("hafenbau", {"Customers": ["Zimmermann Hafenbau"]}),
        ("umbau WEBSITE", {"Projects": ["Umbau der Website"]}),
        ("v-2031", {"Contracts": ["V-2031/7"]}),
        ("krane pflege", {"Contracts": ["V-2031/7"]}),
        ("xn--mle", {"Customers": ["Zimmermann Hafenbau"], "Domains": ["möle.example"]}),
        ("möle.ex", {"Customers": ["Zimmermann Hafenbau"], "Domains": ["möle.example"]}),
        ("Zimermman", {"Customers": ["Zimmermann Hafenbau"]}),
        ("Webseite", {"Projects": ["Umbau der Website"]}),
        ("nothinglikeit", {}),
        ("", {}),
        ("%", {}),
        ("\x00", {}),
    ],
)
def test_search_results(stan: Client, harbour: None, query: str, kinds: dict[str, list[str]]) -> None:
    assert found(stan, query) == kinds


def commands(client: Client, query: str) -> dict[str, str]:
    """Return the titles and addresses of the commands."""
    shown = client.get("/search/", {"q": query}, headers={"HX-Request": "true"}).content.decode()
    found = re.findall(r'id="hit-command-\d+"\s+href="([^"]*)".*?class="search-hit-title">([^<]*)<', shown, re.DOTALL)
    return {title: url for url, title in found}


def test_commands(stan: Client, alice: Client, cast: Cast) -> None:
    assert commands(stan, "") == {}
    assert commands(stan, "task") == {"Add task": "/tasks/add/"}
    assert commands(stan, "import") == {}
    assert commands(alice, "import") == {"Import customers": "/customers/import/"}
    customer = CustomerFactory(agency=cast.alder, company="Hafenbau")
    CustomerFactory(agency=cast.birch, company="Hafenbau")
    assert commands(stan, "hafenbau") == {
        "Request review from Hafenbau": f"/company/reviews/request/?customer={customer.pk}",
        "Add task for Hafenbau": f"/customers/{customer.pk}/tasks/add/",
    }
    type(customer).objects.filter(pk=customer.pk).update(status="archived")
    assert commands(stan, "hafenbau") == {}


def test_fuzzy_matches_are_not_mixed_with_exact_ones(stan: Client, cast: Cast) -> None:
    ProjectFactory(customer=CustomerFactory(agency=cast.alder, company="Nordlicht"), title="Nordlichter")
    ProjectFactory(customer=CustomerFactory(agency=cast.alder, company="Südwind"), title="Nordlict")
    assert found(stan, "nordlicht") == {"Customers": ["Nordlicht"], "Projects": ["Nordlichter"]}


def test_items_of_erased_customers_are_not_found(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    ProjectFactory(customer=customer, title="Relaunch")
    customer.company = customer.first_name = customer.last_name = customer.email = customer.city = ""
    type(customer).objects.filter(pk=customer.pk).update(
        status="erased", company="", first_name="", last_name="", email="", city="", phone="", street="", zip="", country="", notes="",
        website="", salutation="",
    )  # fmt: skip
    assert found(stan, "relaunch") == {}


def test_contract_searches_use_the_index_with_the_agency(stan: Client, cast: Cast) -> None:
    for agency in (cast.alder, cast.birch):
        customer = CustomerFactory(agency=agency)
        numbers = (f"{'V' if n % 10 else 'Wartung'}-{n * 7919}" for n in range(3000))
        Contract.objects.bulk_create(Contract(agency=agency, customer=customer, number=number) for number in numbers)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_contract")
        # Makes the planner treat this small table like one with 100,000 contracts.
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL cpu_tuple_cost = 1")
    with CaptureQueriesContext(connection) as queries:
        assert len(found(stan, "wartung")["Contracts"]) == 6
    (search,) = [query["sql"] for query in queries if "LIKE" in query["sql"] and 'FROM "customers_contract"' in query["sql"]]
    with connection.cursor() as cursor:
        # The plan for any values, with which the query is prepared.
        cursor.execute(f"EXPLAIN (GENERIC_PLAN) {search}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Bitmap Index Scan on contract_search" in plan
    assert "agency_id" in plan.split("Index Cond: ")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("query", "pages"), [("add cust", ["Add Customer"]), ("REVIEW", ["Reviews", "Request review"]), ("ask", None), (" ", None)]
)
def test_pages_are_found_by_the_start_of_a_word(stan: Client, cast: Cast, query: str, pages: list[str] | None) -> None:
    assert found(stan, query).get("Pages and actions") == pages


@pytest.mark.parametrize(("query", "limit"), [("e", 2), ("zimermman", 4)])
def test_number_of_queries_does_not_depend_on_the_types_found(stan: Client, cast: Cast, harbour: None, query: str, limit: int) -> None:
    """Exact matches: their keys, and those shown. Typing errors: no exact match, the threshold, similar words, similar objects."""
    customer = CustomerFactory(agency=cast.alder, company="Zimmermann")
    ContactRequestFactory(agency=cast.alder, company="Zimmermann Reederei")
    InvitationFactory(agency=cast.alder, company="Zimmermann Segel")
    ProjectFactory(customer=customer, title="Zimmermann")
    member = Membership.objects.get(user=cast.stan)
    with CaptureQueriesContext(connection) as queries:
        groups = search(cast.alder, query, member=member)
    assert len(groups) > (5 if query == "e" else 3)
    assert len([entry for entry in queries if "SAVEPOINT" not in entry["sql"]]) == limit


def test_own_and_shared_views_are_found(stan: Client, cast: Cast) -> None:
    own, other = (Membership.objects.get(user=user) for user in (cast.stan, cast.alice))
    mine = SavedViewFactory(owner=own, name="Überfällig in Kiel", list_name="tasks", query="when=overdue")
    shared = SavedViewFactory(owner=other, name="Kiel", query="", is_shared=True)
    SavedViewFactory(owner=other, name="Kiel privately")
    SavedViewFactory(owner=own, name="Kiel, deleted", deleted_at="2026-01-01T00:00Z")
    SavedViewFactory(owner=Membership.objects.get(user=cast.charlie), name="Kiel, elsewhere", is_shared=True)
    (group,) = stan.get("/search/", {"q": "kiel"}).context["groups"]
    assert str(group.title) == "Saved views"
    assert [(hit.title, hit.note, hit.url) for hit in group.hits] == [
        ("Kiel", "Customers", f"/customers/?view={shared.pk}"),
        ("Überfällig in Kiel", "Tasks", f"/tasks/?when=overdue&view={mine.pk}"),
    ]
    assert found(stan, "uberfallig KIEL") == {"Saved views": ["Überfällig in Kiel"]}
    assert found(stan, "ueberfaelig") == {}
    assert found(stan, "uberfalig") == {"Saved views": ["Überfällig in Kiel"]}


@pytest.mark.parametrize(("query", "limit"), [("kiel", 2), ("keil", 4)])
def test_views_need_no_further_query(cast: Cast, query: str, limit: int) -> None:
    member = Membership.objects.get(user=cast.stan)
    SavedViewFactory(owner=member, name="Kiel")
    CustomerFactory(agency=cast.alder, company="Kiel")
    with CaptureQueriesContext(connection) as queries:
        groups = search(cast.alder, query, member=member)
    assert query != "kiel" or [str(group.title) for group in groups] == ["Customers", "Saved views"]
    assert len([entry for entry in queries if "SAVEPOINT" not in entry["sql"]]) == limit


def test_best_matches_come_first_and_show_their_details(stan: Client, cast: Cast) -> None:
    for company in ("Nordlichtspiele", "Nordlicht", "Das Nordlichtspielhaus"):
        CustomerFactory(agency=cast.alder, company=company, city="Kiel", email="")
    client = InvitationFactory(agency=cast.alder, company="Nordlicht", scope="partial", areas=["domains", "email"])
    groups = {str(group.title): group.hits for group in search(cast.alder, "nordlicht", member=Membership.objects.get(user=cast.stan))}
    assert [hit.title for hit in groups["Customers"]] == ["Nordlicht", "Das Nordlichtspielhaus", "Nordlichtspiele"]
    assert groups["Customers"][0].note == "K-1002 · Kiel"
    (invitation,) = groups["Invitations"]
    assert (invitation.note, invitation.url) == ("partial access: Domains, E-mail · pending", client.get_absolute_url())
