"""The layout of customer pages and lists: nothing is too long, too wide or repeated."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import Customer, Task
from tests.browser.conftest import sign_in, signed_in
from tests.browser.test_customers import mill  # noqa: F401  # a fixture
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.requests import ContactRequestFactory


@pytest.mark.parametrize("width", [360, 1280, 1600, 1920])
def test_list_shows_a_phone_number_once(page: Page, portal: str, cast: Cast, width: int) -> None:
    CustomerFactory(agency=cast.alder, company="No Mail", email="", phone="+49 3581 4410")
    CustomerFactory(agency=cast.alder, company="With Mail", email="office@mill.example", phone="+49 3581 4411")
    page.set_viewport_size({"width": width, "height": 800})
    signed_in(page, portal, cast.alice)
    page.goto(f"{portal}/customers/")
    expect(page.get_by_text("+49 3581 4410").filter(visible=True)).to_have_count(1)
    expect(page.get_by_text("office@mill.example").filter(visible=True)).to_have_count(1)
    shown = page.get_by_role("columnheader").filter(visible=True).all_inner_texts()
    assert shown.count("Phone") + sum("or phone" in heading for heading in shown) == bool(shown)


def test_the_page_of_a_busy_customer_is_short(page: Page, portal: str, cast: Cast, mill: Customer) -> None:  # noqa: F811
    today = timezone.localdate()
    projects = [ProjectFactory(customer=mill, status=("active", "planned", "done", "cancelled")[n % 4]) for n in range(12)]
    for n in range(60):
        done_at = timezone.now() if n % 6 == 0 else None
        TaskFactory(customer=mill, project=projects[n % 12], due_on=today + timedelta(days=n - 9), assignee=cast.stan, done_at=done_at)
    for n in range(30):
        DomainFactory(customer=mill, expires_on=today + timedelta(days=11 * n), registrar="INWX")
    ContractFactory.create_batch(3, customer=mill, product="Care", price=49, ends_on=today + timedelta(days=99), notice_count=1)
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    assert page.evaluate("document.documentElement.scrollHeight") < 2500
    tasks = page.get_by_role("region", name="Tasks")
    expect(tasks.get_by_role("listitem")).to_have_count(5)
    tasks.get_by_role("link", name="All 60").click()
    expect(tasks.get_by_role("listitem")).to_have_count(60)
    tasks.get_by_role("button", name="Done: ").first.click()
    expect(page.locator("#tasks-count")).to_have_text("49 open")
    page.locator(".customer-anchors").get_by_role("link", name="Domains 30").click()
    expect(page.get_by_role("heading", name="Domains")).to_be_in_viewport()


def test_no_table_leaves_its_card(page: Page, portal: str, cast: Cast) -> None:
    busy = CustomerFactory(agency=cast.alder, company="Stadtentwässerungsbetriebe", city="Llanfairpwllgwyngyllgogerychwyrndrobwll")
    Task.objects.bulk_create(Task(agency=cast.alder, customer=busy, title="Task") for _ in range(50))
    for kind, field in ((DomainFactory, "expires_on"), (ContractFactory, "ends_on")):
        kind(customer=busy, **{field: timezone.localdate() + timedelta(days=20)})
    ContactRequestFactory(agency=cast.alder, name="Maximiliane von Hohenstein-Oberwasser", assignee=cast.stan)
    signed_in(page, portal, cast.alice)
    too_wide = []
    for path in ("/customers/", "/requests/", "/tasks/", "/contracts/", "/domains/", busy.get_absolute_url()):
        page.goto(portal + path)
        for width in (320, 768, 800, 834, 992, 1008, 1024, 1048, 1280, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            is_wide = "() => [...document.querySelectorAll('html, .panel')].some(e => e.scrollWidth > e.clientWidth + 1)"
            if page.evaluate(is_wide):
                too_wide.append(f"{path} at {width} px")
    assert too_wide == []


def test_empty_cells_keep_their_column_on_the_phone(page: Page, portal: str, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="Nothing else", city="", email="", phone="")
    page.set_viewport_size({"width": 390, "height": 800})
    signed_in(page, portal, cast.alice)
    page.goto(f"{portal}/customers/")
    expect(page.get_by_role("columnheader")).to_have_count(5)
    expect(page.get_by_role("row", name="Nothing else").get_by_role("cell")).to_have_count(5)
    expect(page.get_by_role("link", name="Import")).to_be_hidden()
    page.get_by_role("main").locator("summary", has_text="More").first.click()
    expect(page.get_by_role("link", name="Import")).to_be_visible()
    expect(page.get_by_role("link", name="Export")).to_be_visible()
