"""Customer pages: lists, dialogs, tasks and search, with and without scripts."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import Customer, Domain, Note, Task
from customers.services.customers import archive_customer
from tests.browser.conftest import OpenPage, sign_in
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory


@pytest.fixture
def mill(cast: Cast) -> Customer:
    """Customer of Alder."""
    return CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", city="Görlitz", email="ute@muellerei.example")


def fill(cast: Cast, number: int) -> None:
    """Add customers, half of them in Köln."""
    Customer.objects.bulk_create(
        Customer(agency=cast.alder, number=2001 + n, company=f"Nordholz {n:03}", city=("Köln", "Bonn")[n % 2]) for n in range(number)
    )


def test_list_and_address_follow_the_filters(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    fill(cast, 60)
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/")
    count, box = page.locator("#list-count"), page.get_by_placeholder("Name, e-mail, phone")
    expect(count).to_have_text("61 customers")
    box.press_sequentially("nordholz", delay=20)
    expect(count).to_have_text("60 customers")
    expect(box).to_be_focused()
    page.get_by_role("textbox", name="City").press_sequentially("köln")
    page.keyboard.press("Tab")
    expect(count).to_have_text("30 customers")
    expect(page).to_have_url(re.compile(r"\?q=nordholz&city=k%C3%B6ln$"))

    page.get_by_role("link", name="next").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.get_by_role("textbox", name="City")).to_have_value("köln")
    page.get_by_role("link", name="previous").click()
    expect(page.locator("tbody tr")).to_have_count(25)

    # The list is unchanged when the user returns from a customer.
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nordholz")
    page.go_back()
    expect(count).to_have_text("30 customers")
    expect(page.get_by_placeholder("Name, e-mail, phone")).to_have_value("nordholz")

    page.get_by_placeholder("Name, e-mail, phone").fill("xyzxyzxyz")
    expect(page.get_by_role("heading", name="No customers found")).to_be_visible()
    page.get_by_role("link", name="Clear").first.click()
    expect(page).to_have_url(f"{portal}/customers/")
    expect(count).to_have_text("61 customers")


def test_list_shows_open_work(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    TaskFactory.create_batch(2, customer=mill)
    DomainFactory(customer=mill, expires_on=timezone.localdate() + timedelta(days=12))
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/")
    expect(page.get_by_role("row", name="Müllerei")).to_contain_text(re.compile(r"2 tasks\s*domain 12 d"))


def test_possible_duplicate_is_shown_and_can_be_added_anyway(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/add/")
    page.get_by_role("textbox", name="Company").fill("Mühle Größe")
    page.get_by_label("E-mail").fill("ute@muellerei.example")
    page.get_by_role("button", name="Save").click()
    duplicates = page.get_by_role("region", name="Possible duplicates")
    expect(duplicates).to_contain_text("same e-mail")
    with page.context.expect_page() as opened:
        duplicates.get_by_role("link", name="Müllerei Größe GmbH").click()
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Müllerei Größe GmbH")
    opened.value.close()
    assert cast.alder.customers.count() == 1
    page.get_by_role("button", name="Add anyway").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mühle Größe")
    assert cast.alder.customers.count() == 2


def test_one_click_completes_and_reopens_a_task(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    task = TaskFactory(customer=mill, title="Call the mill", assignee=cast.stan)
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/tasks/")
    page.get_by_role("button", name="Done: Call the mill").click()
    expect(page.locator("#live")).to_have_text("“Call the mill” marked as done.")
    row = page.get_by_role("listitem").filter(has_text="Call the mill")
    expect(row).to_contain_text("Müllerei Größe GmbH")  # still named in the list of all customers' tasks
    expect(page.locator(":focus")).to_have_text(re.compile("Reopen task: Call the mill"))
    task.refresh_from_db()
    assert task.is_done

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Done: Call the mill")).to_be_focused()
    task.refresh_from_db()
    assert not task.is_done

    # The customer page updates its count and activity.
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.get_by_role("button", name="Done: Call the mill").click()
    expect(page.locator("#tasks-count")).to_have_text("No open tasks")
    expect(page.get_by_role("region", name="Activity").get_by_role("listitem")).to_have_count(4)


def test_dialogs_add_edit_and_remove_a_domain(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    DomainFactory(customer__agency=cast.alder, customer__company="Somebody Else GmbH", name="taken.example")
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.get_by_role("link", name="Add domain").click()
    dialog = page.get_by_role("dialog", name="Add domain")
    expect(dialog.get_by_label("Domain name")).to_be_focused()
    page.keyboard.type("taken.example")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog).to_contain_text("Somebody Else GmbH")
    assert page.url.endswith(mill.get_absolute_url())
    assert mill.domains.count() == 0

    dialog.get_by_label("Domain name").fill("größe.example")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Domains")).to_contain_text("größe.example")
    expect(page.locator(".toast-card")).to_contain_text("Domain größe.example added.")
    assert Domain.objects.get(customer=mill).name == "xn--gre-6ka8i.example"

    page.get_by_role("link", name="größe.example").click()
    dialog = page.get_by_role("dialog", name="Edit domain")
    dialog.get_by_label("Registrar").fill("INWX")
    # The browser would submit an incomplete date as an empty one.
    dialog.get_by_label("Expires on").press_sequentially("31")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Expires on")).to_be_focused()
    dialog.get_by_label("Expires on").fill("2027-03-31")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Domains")).to_contain_text("INWX")
    assert str(Domain.objects.get(customer=mill).expires_on) == "2027-03-31"

    page.locator("summary", has_text="More actions for größe.example").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog", name="Remove domain").get_by_role("button", name="Remove domain").click()
    expect(page.locator(".toast-card")).to_contain_text("Domain größe.example removed.")
    expect(page.get_by_role("region", name="Domains")).to_have_count(0)
    assert not mill.domains.exists()


def test_escape_keeps_unsaved_input_of_a_dialog(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.get_by_role("link", name="Add note").click()
    dialog = page.get_by_role("dialog", name="Add note")
    expect(dialog.get_by_label("Note")).to_be_focused()
    page.keyboard.type("They call at noon.")
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Unsaved changes").get_by_role("button", name="Keep editing").click()
    expect(dialog.get_by_label("Note")).to_have_value("They call at noon.")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Team notes")).to_contain_text("They call at noon.")
    assert Note.objects.get().author == cast.stan

    # Without input, Escape closes the dialog.
    page.get_by_role("link", name="Add note").click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_form_opened_from_a_list_returns_to_the_list(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    ContractFactory(customer=mill, number="V-7", product="Care", price="1234.50", status="cancelled")
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/contracts/")
    page.get_by_label("Status").select_option("cancelled")
    expect(page.get_by_role("link", name="Care")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("€1,234.50 per month")
    page.get_by_role("link", name="Care").click()
    dialog = page.get_by_role("dialog", name="Edit contract")
    dialog.get_by_label("Product").fill("Care and hosting")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Care and hosting")).to_be_visible()
    expect(page).to_have_url(f"{portal}/contracts/?status=cancelled")


def test_search_works_by_keyboard(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    DomainFactory(customer=mill, name="xn--mllerei-n2a.example")
    ProjectFactory(customer=CustomerFactory(agency=cast.alder, company="Zweiter GmbH"), title="Müll sorting")
    sign_in(page, portal, "stan@alder.example")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search")
    expect(box).to_be_focused()
    page.keyboard.type("mull")
    options = page.get_by_role("option")
    # Three results, and two commands for the customer.
    expect(options).to_have_count(5)
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(2)).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", options.nth(2).get_attribute("id") or "")
    expect(box).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Zweiter GmbH")

    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()

    # Enter is pressed before the response arrives, and waits for its results.
    page.keyboard.press("Control+k")
    page.keyboard.type("görlitz")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Müllerei Größe GmbH")


def test_enter_ignores_the_response_to_an_earlier_query(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    sign_in(page, portal, "stan@alder.example")
    page.evaluate(
        """() => document.getElementById("search-hits").addEventListener("htmx:beforeSwap", () => {
            const input = document.querySelector("#search-dialog [role=combobox]");
            input.value += "litz";
            input.dispatchEvent(new InputEvent("input", { bubbles: true }));
            input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        }, { once: true })"""
    )
    page.keyboard.press("Control+k")
    page.keyboard.type("gör")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Müllerei Größe GmbH")


def test_erasing_requires_the_customer_number(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    TaskFactory(customer=mill)
    sign_in(page, portal, "alice@alder.example")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.get_by_role("main").locator("summary", has_text="More").first.click()
    page.get_by_role("link", name="Erase").click()
    expect(page.get_by_role("main")).to_contain_text("1 task")
    number = page.get_by_label("To confirm, enter the customer number")
    number.fill("K-9")
    page.get_by_role("button", name="Erase permanently").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was erased")
    expect(number).to_be_focused()
    number.fill(mill.reference)
    page.get_by_role("button", name="Erase permanently").click()
    expect(page).to_have_url(f"{portal}/customers/")
    mill.refresh_from_db()
    assert mill.status == "erased"


def test_customer_is_archived_and_restored(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.get_by_role("main").locator("summary", has_text="More").first.click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("main")).to_contain_text("nothing new can be added")
    expect(page.locator(".toast-card").get_by_role("button", name="Undo")).to_be_focused()
    expect(page.get_by_role("link", name=re.compile("^Add (task|project|domain|contract|note)$"))).to_have_count(0)
    expect(page.get_by_role("link", name="Erase")).to_have_count(0)  # Stan doesn't have permission
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("link", name="Add task")).to_be_visible()


def test_failing_and_unreachable_servers_are_reported(open_page: OpenPage, portal: str, cast: Cast, mill: Customer) -> None:
    page = open_page()  # The fixture `page` would fail for the errors in the console.
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.route("**/domains/add/", lambda route: route.fulfill(status=500, body="broken"))
    page.get_by_role("link", name="Add domain").click()
    expect(page.locator(".toast-error")).to_contain_text("Something went wrong")
    page.route("**/notes/add/", lambda route: route.abort())
    page.get_by_role("link", name="Add note").click()
    expect(page.locator(".toast-error")).to_have_count(1)
    expect(page.locator(".toast-error")).to_contain_text("Can’t reach the portal")


def test_ended_session_redirects_to_the_sign_in_page(page: Page, portal: str, cast: Cast, mill: Customer) -> None:
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("link", name="Add domain").click()
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next="))


def test_customer_pages_work_without_javascript(open_page: OpenPage, portal: str, cast: Cast, mill: Customer) -> None:
    archive_customer(CustomerFactory(agency=cast.alder, company="Long Gone GmbH"), by=cast.alice)
    NoteFactory(customer=mill, author=cast.max)
    page = open_page(java_script_enabled=False)
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/")
    page.get_by_placeholder("Name, e-mail, phone").fill("gone")
    page.get_by_label("Status").select_option("archived")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("main")).to_contain_text("Long Gone GmbH")
    page.goto(f"{portal}{mill.get_absolute_url()}")
    page.get_by_role("link", name="Add task").click()
    page.get_by_label("Title").fill("Written by hand")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Done: Written by hand").click()
    expect(page.get_by_role("main")).to_contain_text("“Written by hand” marked as done.")
    assert Task.objects.get().is_done
    page.get_by_text("1 completed").click()
    page.get_by_role("link", name="Written by hand").click()
    page.get_by_role("button", name="Remove").click()
    assert not Task.objects.exists()
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox", name="Search").fill("mullerei")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Müllerei Größe GmbH").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Müllerei Größe GmbH")


def test_a_task_is_added_from_the_list_without_javascript(open_page: OpenPage, portal: str, cast: Cast, mill: Customer) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/tasks/")
    page.get_by_role("link", name="Add task").click()
    page.get_by_role("button", name="Select : K-1001").click()
    page.get_by_label("Title").fill("Check the backup")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(f"{portal}/tasks/")
    expect(page.get_by_role("region", name="No date 1")).to_contain_text("Check the backup")
    page.get_by_role("searchbox").fill("müllerei backup")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("main")).to_contain_text("1 task")
    page.get_by_role("button", name="Done: Check the backup").click()
    expect(page.get_by_role("main")).to_contain_text("No results")
    assert mill.tasks.get().is_done
