"""Where the focus is after dialogs, and after actions that show the page again."""

import re

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from tests.browser.conftest import signed_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, DomainFactory, ProjectFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory


@pytest.fixture
def mill(page: Page, portal: str, cast: Cast) -> Customer:
    """A customer whose page is open."""
    customer = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH")
    for name in ("eins.example", "zwei.example"):
        DomainFactory(customer=customer, name=name)
    ProjectFactory(customer=customer, title="Relaunch")
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}{customer.get_absolute_url()}")
    page.evaluate("window.isSamePage = true")
    return customer


def test_after_a_dialog_it_is_on_the_menu_that_opened_it(page: Page, mill: Customer) -> None:
    menu = page.locator("summary", has_text="More actions for Relaunch")
    menu.click()
    page.get_by_role("link", name="Edit").locator("visible=true").last.click()
    dialog = page.get_by_role("dialog", name="Edit project")
    expect(dialog.get_by_label("Title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(menu).to_be_focused()

    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove").locator("visible=true").click()
    question = page.get_by_role("dialog", name="Remove project")
    question.get_by_role("button", name="Cancel").click()
    expect(menu).to_be_focused()

    page.keyboard.press("Enter")
    page.get_by_role("link", name="Edit").locator("visible=true").last.click()
    dialog.get_by_label("Title").fill("Relaunch 2027")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".toast-card")).to_contain_text("Project “Relaunch 2027” saved.")
    expect(page.locator("summary", has_text="More actions for Relaunch 2027")).to_be_focused()
    assert page.evaluate("window.isSamePage")


def test_it_follows_rows_that_are_added_and_removed(page: Page, mill: Customer) -> None:
    domains = page.get_by_role("region", name="Domains")
    page.get_by_role("link", name="Add domain").click()
    page.get_by_role("dialog").get_by_label("Domain name").fill("drei.example")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(domains.get_by_role("link", name="drei.example")).to_be_focused()
    assert page.evaluate("window.isSamePage")

    names = ["eins.example", "zwei.example", "drei.example"]
    order = sorted(names, key=lambda name: domains.inner_text().index(name))
    for number, name in enumerate(order):
        page.locator("summary", has_text=f"More actions for {name}").click()
        page.get_by_role("button", name="Remove").locator("visible=true").click()
        page.get_by_role("dialog", name="Remove domain").get_by_role("button", name="Remove domain").click()
        expect(page.locator(".toast-card")).to_contain_text(name)
        following = order[number + 1 :]
        if following:
            expect(page.locator("summary", has_text=f"More actions for {following[0]}")).to_be_focused()
    expect(page.get_by_role("link", name="Add domain")).to_be_focused()


def test_it_stays_on_a_review_that_is_hidden_and_unhidden(page: Page, portal: str, cast: Cast) -> None:
    for _ in range(2):
        ReviewFactory(review_request__customer__agency=cast.alder)
    signed_in(page, portal, cast.max)
    page.goto(f"{portal}/company/reviews/")
    menus = page.locator(".review .row-menu > summary")
    menus.nth(1).click()
    page.get_by_role("link", name="Hide review").locator("visible=true").click()
    page.get_by_role("dialog").get_by_label("It’s outdated").check()
    page.get_by_role("dialog").get_by_role("button", name="Hide review").click()
    expect(page.locator(".review").nth(1).get_by_text("hidden", exact=True)).to_be_visible()
    expect(menus.nth(1)).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".review").nth(1).get_by_text("hidden", exact=True)).to_have_count(0)
    expect(page.locator(":focus")).to_have_count(1)


def test_a_request_shows_the_reply_or_the_note(page: Page, portal: str, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}{request.get_absolute_url()}")
    note = page.get_by_label("Internal note", exact=True).locator("visible=true").and_(page.locator("textarea"))
    expect(page.get_by_label("Reply by e-mail")).to_be_visible()
    expect(note).to_have_count(0)
    page.get_by_label("Reply by e-mail").fill("Kept while")
    page.get_by_role("radio", name="Reply").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Reply by e-mail")).to_be_hidden()
    expect(page.get_by_role("button", name=re.compile("Send reply|Add note"))).to_have_count(1)
    note.fill("They called.")
    page.get_by_role("radio", name="Reply").check()
    expect(page.get_by_label("Reply by e-mail")).to_have_value("Kept while")
    page.get_by_role("radio", name="Internal note").check()
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("list", name="Conversation")).to_contain_text("They called.")


def test_escape_closes_the_search_at_once(page: Page, mill: Customer) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.insert_text("add cust")
    expect(page.get_by_role("option", name="Add Customer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Search")).to_be_hidden()


def test_filters_open_below_their_button(page: Page, portal: str, mill: Customer) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{portal}/customers/")
    button = page.locator(".filters-more > summary")
    before = button.bounding_box()
    button.click()
    expect(page.get_by_role("textbox", name="City")).to_be_visible()
    assert button.bounding_box() == before
