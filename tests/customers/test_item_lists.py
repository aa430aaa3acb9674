"""Lists of items across customers: search, numbers, groups by date, and adding an item."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from html import unescape
from json import dumps
from re import DOTALL, findall, search, sub
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from customers.models import Contract, Customer, Task
from customers.queries import lists
from customers.services.customers import archive_customer
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory

LISTS = {"/tasks/": TaskFactory, "/projects/": ProjectFactory, "/domains/": DomainFactory, "/contracts/": ContractFactory}


@pytest.fixture
def mill(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH")


@pytest.fixture(params=[0, 1, 1000])
def rare(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of rows up to which words are looked up in the indexes: for none, some, and all words of the tests."""
    monkeypatch.setattr(lists, "RARE", request.param)


def text(client: Client, path: str) -> str:
    """Return the page's text without tags."""
    page = client.get(path).content.decode()
    return sub(r"\s+", " ", unescape(sub("<[^>]*>", " ", page)))


def groups(client: Client, path: str) -> dict[str, str]:
    """Return the headings of the groups with their counts, and the title of each group's first item."""
    page = client.get(path).content.decode()
    found = findall(r'<h2 class="group-head.*?>(.*?)</h2>.*?class="row-title"[^>]*>(.*?)</a>', page, DOTALL)
    return {" ".join(sub("<[^>]*>", " ", head).split()): title for head, title in found}


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("backup", ["Check the backup"]),
        ("BÄCKUP", ["Check the backup"]),
        ("grosse", ["Check the backup", "Call"]),
        ("mullerei call", ["Call"]),
        ("K-1001", ["Check the backup", "Call"]),
        ("100%", []),
        ("\x00", ["Check the backup", "Call", "Call"]),
        ("x" * 300, []),
    ],
)
@pytest.mark.usefixtures("rare")
def test_tasks_are_found_by_their_own_and_their_customers_words(
    stan: Client, cast: Cast, mill: Customer, query: str, titles: list[str]
) -> None:
    TaskFactory(customer=mill, title="Check the backup")
    TaskFactory(customer=mill, title="Call")
    TaskFactory(customer__agency=cast.alder, title="Call")
    TaskFactory(customer__agency=cast.birch, title="backup mullerei grosse call K-1001")
    found = stan.get("/tasks/", {"q": query}).context["page"].items
    assert [task.title for task in found] == titles


@pytest.mark.usefixtures("rare")
@pytest.mark.parametrize("path", LISTS)
def test_all_lists_search_items_and_customers(stan: Client, cast: Cast, mill: Customer, path: str) -> None:
    names = {"/domains/": "name", "/contracts/": "product"}
    field = names.get(path, "title")
    value = "relaunch.example" if path == "/domains/" else "Relaunch"
    wanted = LISTS[path](customer=mill, **{field: value})
    by_customer = LISTS[path](customer=CustomerFactory(agency=cast.alder, company="Relaunch & Co"))
    LISTS[path](customer__agency=cast.alder)
    assert set(stan.get(path, {"q": "relaunch"}).context["page"].items) == {wanted, by_customer}
    assert list(stan.get(path, {"q": "relaunch mullerei"}).context["page"].items) == [wanted]
    assert "No results" in text(stan, f"{path}?q=nothinglikeit")


def test_open_items_are_grouped_by_date(stan: Client, cast: Cast) -> None:
    today = timezone.localdate()
    for title, days in (("Late", -3), ("Later than late", -2), ("Now", 0), ("Far", 60), ("Any time", None)):
        TaskFactory(customer__agency=cast.alder, title=title, due_on=None if days is None else today + timedelta(days=days))
    expected = {"Overdue 2": "Late", "Today 1": "Now", "Later 1": "Far", "No date 1": "Any time"}
    if today.weekday() < 6:
        TaskFactory(customer__agency=cast.alder, title="Sunday", due_on=today + timedelta(days=6 - today.weekday()))
        expected["This week 1"] = "Sunday"
    assert groups(stan, "/tasks/") == expected
    assert f"{len(expected) + 1} tasks" in text(stan, "/tasks/")


def test_completed_items_are_not_overdue(stan: Client, cast: Cast) -> None:
    TaskFactory(customer__agency=cast.alder, due_on="2020-01-01", done_at=timezone.now())
    ProjectFactory(customer__agency=cast.alder, due_on="2020-01-01", status="done")
    ContractFactory(customer__agency=cast.alder, ends_on="2020-01-01", status="cancelled")
    for path in ("/tasks/?state=done", "/projects/?status=done", "/contracts/?status=cancelled"):
        page = stan.get(path)
        assert len(page.context["page"].items) == 1
        assert groups(stan, path) == {}, path


def test_groups_count_all_pages(stan: Client, mill: Customer) -> None:
    Task.objects.bulk_create(Task(agency=mill.agency, customer=mill, title="Late", due_on="2020-01-01") for _ in range(30))
    Task.objects.bulk_create(Task(agency=mill.agency, customer=mill, title="Far", due_on="2999-01-01") for _ in range(3))
    assert groups(stan, "/tasks/") == {"Overdue 30": "Late"}
    second = stan.get("/tasks/").context["page"].next_url
    assert groups(stan, f"/tasks/{second}") == {"Overdue 30": "Late", "Later 3": "Far"}


def test_contracts_are_summed_up_per_year_and_currency(stan: Client, cast: Cast, mill: Customer) -> None:
    for price, interval, currency in (
        ("10.50", "month", "EUR"), ("100", "quarter", "EUR"), ("1000", "year", "EUR"),
        ("5000", "once", "EUR"), (None, "month", "EUR"), ("20", "month", "CHF"),
    ):  # fmt: skip
        ContractFactory(customer=mill, price=price, interval=interval, currency=currency)
    ContractFactory(customer=mill, price="7", interval="year", status="cancelled")
    ContractFactory(customer__agency=cast.birch, price="7", interval="year")
    page = text(stan, "/contracts/")
    assert "6 contracts €1,526.00 per year CHF 240.00 per year" in page
    assert "1 contract €" not in text(stan, "/contracts/?status=cancelled")
    ContractFactory(customer__agency=cast.alder, price="1", interval="year", product="Ours")
    assert "1 contract €1.00 per year" in text(stan, "/contracts/?q=ours")


def test_a_contracts_row_says_until_when_it_can_be_cancelled(stan: Client, mill: Customer) -> None:
    soon = timezone.localdate() + timedelta(days=20)
    ContractFactory(customer=mill, ends_on=soon, notice_count=5, notice_unit="days")
    page = text(stan, "/contracts/")
    assert f"cancel by {date_format(soon - timedelta(days=5), 'SHORT_DATE_FORMAT')}" in page
    Contract.objects.update(notice_count=30)
    assert f"was cancellable until {date_format(soon - timedelta(days=30), 'SHORT_DATE_FORMAT')}" in text(stan, "/contracts/")


@pytest.mark.parametrize("kind", ["task", "project", "domain", "contract"])
def test_an_item_is_added_from_its_list(stan: Client, cast: Cast, mill: Customer, kind: str) -> None:
    assert f'href="/{kind}s/add/"' in stan.get(f"/{kind}s/").content.decode()
    page = stan.get(f"/{kind}s/add/", {"q": "mullerei"}).content.decode()
    assert "Müllerei Größe GmbH" in page
    form = stan.post(f"/{kind}s/add/", {"customer": mill.pk}).url
    assert unquote(form) == f"/customers/{mill.pk}/{kind}s/add/?next=/{kind}s/"
    fields = {
        "task": {"title": "Call", "priority": "1"},
        "project": {"title": "Shop", "status": "active"},
        "domain": {"name": "shop.example"},
        "contract": {"number": "V-1", "currency": "EUR", "interval": "month", "notice_count": 1, "notice_unit": "days", "status": "active"},
    }
    assert stan.post(form, fields[kind]).url == f"/{kind}s/"
    assert len(stan.get(f"/{kind}s/").context["page"].items) == 1


def test_items_are_added_only_to_own_active_customers(stan: Client, cast: Cast, mill: Customer) -> None:
    foreign = CustomerFactory(agency=cast.birch)
    archive_customer(mill, by=cast.alice)
    for pk in (foreign.pk, mill.pk, "x", ""):
        assert stan.post("/tasks/add/", {"customer": pk}).status_code == 404
    page = stan.get("/tasks/add/").content.decode()
    assert foreign.company not in page
    assert mill.company not in page


@pytest.mark.parametrize("path", LISTS)
def test_empty_list_says_what_to_do(stan: Client, cast: Cast, path: str) -> None:
    page = stan.get(path).content.decode()
    assert f'href="{path}add/"' in page
    assert "data-filters" not in page


def test_filters_stay_while_only_other_items_match(stan: Client, mill: Customer) -> None:
    ContractFactory(customer=mill, status="cancelled")
    page = stan.get("/contracts/").content.decode()
    assert "data-filters" in page
    assert 'href="/contracts/add/"' in page
    assert len(stan.get("/contracts/?status=cancelled").context["page"].items) == 1


@pytest.mark.parametrize("position", [[True, 1], [-1, 1], [1, " 5 "], ["inf", 1], ["2026-02-30", 1]])
@pytest.mark.parametrize("path", LISTS)
def test_positions_of_other_types_are_no_page(stan: Client, mill: Customer, path: str, position: list[Any]) -> None:
    LISTS[path].create_batch(26, customer=mill)
    # Compiles the query of later pages.
    page = stan.get(path + stan.get(path).context["page"].next_url).context["page"]
    stan.get(path + page.previous_url)
    place = urlsafe_b64encode(dumps(position).encode()).decode().rstrip("=")
    for direction in ("after", "before"):
        assert stan.get(f"{path}?{direction}={place}").status_code == 404


@pytest.mark.parametrize("path", LISTS)
def test_number_of_queries_is_small_and_constant(stan: Client, cast: Cast, path: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        stan.get(path)
    taken = [len(queries)]
    for _ in range(2):
        for _ in range(6):
            LISTS[path](customer__agency=cast.alder)
        for query in ("", "?q=company+1"):
            with CaptureQueriesContext(connection) as queries:
                assert stan.get(path + query).context["page"].items
            taken.append(len(queries))
    assert set(taken) == {5}


def test_a_row_can_be_edited_and_removed(stan: Client, mill: Customer) -> None:
    project = ProjectFactory(customer=mill, title="<b>Shop</b>", status="active")
    page = stan.get("/projects/").content.decode()
    assert "<b>Shop" not in page
    assert page.count(f'href="/projects/{project.pk}/edit/"') == 2
    assert f"?customer={mill.pk}&amp;subject=project&amp;project={project.pk}" in page
    button = search(r'<button[^>]*formaction="([^"]*/remove/)"[^>]*>', page)
    assert button and 'form="rows-form"' in button.group() and "&lt;b&gt;Shop" in button.group()
    assert stan.post(button.group(1), {"next": "/projects/"}).url == "/projects/"
    assert not mill.projects.exists()


@pytest.mark.parametrize("limit", [1000, 1])
def test_a_frequent_word_finds_the_same_as_a_rare_one(cast: Cast, alice: Client, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(lists, "COUNT_LIMIT", limit)
    mill = CustomerFactory(agency=cast.alder, company="Mühle Shop GmbH")
    other = CustomerFactory(agency=cast.alder, company="Other")
    names = {"mill.example": mill, "shop-a.example": mill, "shop-b.example": other, "x.example": other}
    for number, (name, customer) in enumerate(names.items()):
        DomainFactory(customer=customer, name=name, expires_on=f"2030-01-0{number + 1}")
        TaskFactory(customer=customer, title=name, due_on=f"2030-01-0{number + 1}")
    DomainFactory(customer=CustomerFactory(agency=cast.birch, company="Shop"), name="shop-c.example")
    for query, found in (
        # Customers are also found by their domains.
        ("shop", list(names)),
        ("SHOP mühle", ["mill.example", "shop-a.example"]),
        ("other b.example", ["shop-b.example", "x.example"]),
        ("shop nothing", []),
    ):
        for path in ("/domains/", "/tasks/"):
            page = alice.get(path, {"q": query})
            assert [str(item) for item in page.context["page"].items] == found, (path, query)
            assert page.context["totals"].count == min(len(found), limit)


def test_a_search_for_frequent_words_counts_only_in_the_first_items(cast: Cast, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "RARE", 2)
    monkeypatch.setattr(lists, "EXAMINED", 4)
    mill = CustomerFactory(agency=cast.alder, company="Mill")
    for number in range(6):
        TaskFactory(customer=mill, title="Call" if number % 2 else "Write", due_on=f"2030-01-0{number + 1}")
    page = alice.get("/tasks/?q=call")
    # As many as the page shows, of which the first four tasks contain two.
    assert (len(page.context["page"].items), page.context["totals"].is_more) == (3, True)
    assert "3+ tasks" in page.content.decode()
    monkeypatch.setattr(lists, "EXAMINED", 6)
    page = alice.get("/tasks/?q=call")
    assert (page.context["totals"].count, page.context["totals"].is_more, page.context["totals"].groups["later"]) == (3, False, 3)


@pytest.mark.parametrize(
    ("path", "item", "calm"), [("/domains/", DomainFactory, {"auto_renew": True}), ("/contracts/", ContractFactory, {"status": "ended"})]
)
def test_rows_say_whose_customer_is_reminded(alice: Client, mill: Customer, path: str, item: Any, calm: dict[str, Any]) -> None:
    reminded = item(customer=mill, notify_customer=True)
    for page in (path, mill.get_absolute_url()):
        assert text(alice, page).count("customer is reminded") == 1
    for fields in ({"notify_customer": False}, {"notify_customer": True, **calm}):
        type(reminded).objects.update(**fields)
        assert "customer is reminded" not in text(alice, path)
