"""A customer's page: what needs attention, the sections of items, and the activity."""

from datetime import timedelta
from html import unescape
from re import DOTALL, findall, search, sub

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import archive_customer
from customers.services.items import add_item, update_item
from requests_inbox.services.requests import assign_request
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory


@pytest.fixture
def mill(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", responsible=cast.max, website="https://www.mill.example/")


def plain(html: str) -> str:
    return " ".join(unescape(sub("<[^>]*>", " ", html)).split())


def section(client: Client, customer: Customer, key: str, query: str = "") -> str:
    """Return the HTML of a section, or an empty string."""
    page = client.get(f"{customer.get_absolute_url()}{query}").content.decode()
    found = search(rf'<section[^>]*aria-labelledby="{key}".*?</section>', page, DOTALL)
    return found.group() if found else ""


def titles(html: str) -> list[str]:
    return findall(r'class="row-title"[^>]*>(.*?)</a>', html)


def sentences(client: Client, customer: Customer) -> list[str]:
    """Return the visible sentences of the activity, newest first."""
    return [
        plain(found) for found in findall(r'class="timeline-what">(.*?)</(?:div|summary)>', section(client, customer, "timeline"), DOTALL)
    ]


def test_header_names_number_account_manager_and_contact(stan: Client, mill: Customer) -> None:
    page = stan.get(mill.get_absolute_url()).content.decode()
    head = plain(page[page.index('<div class="page-head"') : page.index('<div class="customer-page"')])
    for text in ("MG", mill.reference, "Account manager: Max Meyer", mill.email, "mill.example"):
        assert text in head, text
    assert "No account manager" in plain(stan.get(CustomerFactory(agency=mill.agency).get_absolute_url()).content.decode())


@pytest.mark.parametrize(("key", "factory"), [("tasks", TaskFactory), ("projects", ProjectFactory), ("domains", DomainFactory)])
def test_five_rows_of_each_kind_are_shown_and_all_on_demand(stan: Client, mill: Customer, key: str, factory: type) -> None:
    items = [str(factory(customer=mill)) for _ in range(8)]
    shown = section(stan, mill, key)
    assert len(titles(shown)) == 5
    link = search(r'href="(\?show=[^"#]*)[^"]*"', shown)
    assert link and "All 8" in plain(shown)
    assert sorted(titles(section(stan, mill, key, link.group(1)))) == sorted(items)
    assert "All 8" not in plain(section(stan, mill, key, link.group(1)))


def test_older_requests_and_reviews_are_folded(stan: Client, cast: Cast, mill: Customer) -> None:
    for n in range(7):
        assign_request(ContactRequestFactory(agency=cast.alder, message=f"Message {n}"), mill, by=cast.alice)
        ReviewFactory(review_request__customer=mill, text=f"Words {n}")
    for key, shown, label in (("requests", "Message", "2 older requests"), ("reviews", "Words", "5 older reviews")):
        first, _, older = section(stan, mill, key).partition('<details class="folded">')
        assert len(findall(rf"{shown} \d", first)) + int(label[0]) == 7
        assert len(findall(rf"{shown} \d", older)) == int(label[0])
        assert plain(older).startswith(label)


def test_unknown_sections_are_ignored(stan: Client, mill: Customer) -> None:
    TaskFactory.create_batch(8, customer=mill)
    assert len(titles(section(stan, mill, "tasks", "?show=everything"))) == 5


def test_finished_items_are_folded(stan: Client, mill: Customer) -> None:
    TaskFactory(customer=mill, title="Open")
    TaskFactory(customer=mill, title="Done", done_at=timezone.now())
    for status in ("active", "done", "cancelled"):
        ProjectFactory(customer=mill, title=status, status=status)
    for status in ("active", "cancelled", "ended"):
        ContractFactory(customer=mill, product=status, status=status)
    for key, open_titles, folded, label in (
        ("tasks", ["Open"], ["Done"], "1 completed"),
        ("projects", ["active"], ["done", "cancelled"], "2 done or cancelled"),
        ("contracts", ["active"], ["cancelled", "ended"], "2 cancelled or ended"),
    ):
        rows, _, rest = section(stan, mill, key).partition('<details class="folded">')
        assert titles(rows) == open_titles
        assert titles(rest) == folded
        assert plain(rest).startswith(label)


def test_attention_is_drawn_to_what_is_due(stan: Client, mill: Customer) -> None:
    today = timezone.localdate()

    def attention() -> str:
        page = stan.get(mill.get_absolute_url()).content.decode()
        found = search(r'<div class="attention">.*?</div>', page, DOTALL)
        return plain(found.group()) if found else ""

    TaskFactory(customer=mill, due_on=today)
    TaskFactory(customer=mill, due_on=today - timedelta(days=1), done_at=timezone.now())
    DomainFactory(customer=mill, expires_on=today + timedelta(days=31))
    DomainFactory(customer=mill, expires_on=today + timedelta(days=2), auto_renew=True)
    ContractFactory(customer=mill, ends_on=today + timedelta(days=62), notice_count=31, notice_unit="days")
    ContractFactory(customer=mill, ends_on=today + timedelta(days=62), notice_count=60, notice_unit="days", status="cancelled")
    assert attention() == ""

    TaskFactory(customer=mill, due_on=today - timedelta(days=1))
    assert attention() == "1 task overdue"
    DomainFactory(customer=mill, name="mill.example", expires_on=today + timedelta(days=12))
    DomainFactory(customer=mill, expires_on=today + timedelta(days=20))
    ContractFactory(customer=mill, product="Care", ends_on=today + timedelta(days=62), notice_count=60, notice_unit="days")
    line = attention()
    assert line.startswith("1 task overdue mill.example expires in 12 days")
    assert "and 1 more Care : cancel by" in line
    archive_customer(mill, by=mill.responsible)
    assert attention() == ""


def test_new_customer_gets_a_start_instead_of_empty_boxes(stan: Client, mill: Customer) -> None:
    page = stan.get(mill.get_absolute_url()).content.decode()
    assert "Start with this customer" in page
    for key in ("tasks", "projects", "domains", "contracts", "notes", "requests", "reviews"):
        assert f'aria-labelledby="{key}"' not in page, key
    assert page.count("/tasks/add/") == 2  # the link and its htmx attribute
    ReviewRequestFactory(customer=mill)
    page = stan.get(mill.get_absolute_url()).content.decode()
    assert "Start with this customer" not in page
    assert page.count("/tasks/add/") == 2


def test_nothing_can_be_added_to_archived_customers(stan: Client, mill: Customer, cast: Cast) -> None:
    ProjectFactory(customer=mill)
    archive_customer(mill, by=cast.alice)
    page = stan.get(mill.get_absolute_url()).content.decode()
    assert "/add/" not in page[page.index("page-head") :]
    assert "subject=project" not in page


def test_similar_events_in_a_row_are_one(stan: Client, cast: Cast, mill: Customer) -> None:
    for title in ("Call", "Write", "Check the backup"):
        add_item(TaskFactory.build(customer=None, agency=None, title=title), customer=mill, by=cast.stan)
    assert sentences(stan, mill)[0] == "3 tasks added"
    activity = plain(section(stan, mill, "timeline"))
    for title in ("Call", "Write", "Check the backup"):
        assert f"Task “{title}” added" in activity
    # Another person begins another run.
    for name in ("one.example", "two.example"):
        add_item(DomainFactory.build(customer=None, agency=None, name=name), customer=mill, by=cast.alice)
    add_item(TaskFactory.build(customer=None, agency=None, title="Plan"), customer=mill, by=cast.alice)
    assert sentences(stan, mill)[:4] == ["Task “Plan” added", "Domain two.example added", "Domain one.example added", "3 tasks added"]


def test_changes_of_one_item_are_not_counted_as_items(stan: Client, cast: Cast, mill: Customer) -> None:
    task = TaskFactory(customer=mill, title="Call")
    for priority in (1, 2, 3):
        task.priority = priority
        update_item(task, changed=["priority"], by=cast.stan)
    assert sentences(stan, mill)[:3] == ["Task “Call” updated: Priority"] * 3


def test_a_run_cut_off_by_the_limit_is_not_counted(stan: Client, cast: Cast, mill: Customer) -> None:
    for n in range(101):
        add_item(TaskFactory.build(customer=None, agency=None, title=f"Task {n}"), customer=mill, by=cast.stan)
    assert "tasks added" not in plain(section(stan, mill, "timeline"))
