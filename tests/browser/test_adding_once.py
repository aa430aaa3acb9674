"""Saving a form again after going back adds no second object, with and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer, Task
from tests.browser.conftest import OpenPage, sign_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()


def test_going_back_and_saving_again_adds_no_second_customer(page: Page, portal: str, cast: Cast) -> None:
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/")
    page.get_by_role("link", name="Add Customer").first.click()
    page.get_by_label("Company", exact=True).last.fill("Twice GmbH")
    save(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Twice GmbH")
    customer = page.url
    page.go_back()
    expect(page.get_by_label("Company", exact=True).last).to_have_value("Twice GmbH")
    save(page)
    expect(page).to_have_url(customer)
    expect(page.get_by_text("has already been added")).to_be_visible()
    assert Customer.objects.count() == 1

    # The form is corrected before it is saved again.
    page.go_back()
    page.get_by_label("Company", exact=True).last.fill("Twice and more GmbH")
    save(page)
    expect(page.get_by_text("has already been added")).to_be_visible()
    expect(page.get_by_label("Company", exact=True).last).to_have_value("Twice and more GmbH")
    assert Customer.objects.count() == 1
    # Saving again adds another customer intentionally. A new form adds another one, too.
    save(page)
    if page.get_by_role("button", name="Add anyway").is_visible():
        page.get_by_role("button", name="Add anyway").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Twice and more GmbH")
    page.goto(f"{portal}/customers/add/")
    page.get_by_label("Company", exact=True).last.fill("Something else entirely AG")
    save(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Something else entirely AG")
    assert Customer.objects.count() == 3


@pytest.mark.parametrize("scripts", [True, False])
def test_going_back_and_saving_again_adds_no_second_task(open_page: OpenPage, portal: str, cast: Cast, scripts: bool) -> None:
    customer = CustomerFactory(agency=cast.alder)
    page = open_page(java_script_enabled=scripts)
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/{customer.pk}/")
    page.goto(f"{portal}/customers/{customer.pk}/tasks/add/")
    page.get_by_label("Title").fill("Call back")
    save(page)
    expect(page).to_have_url(re.compile(rf"/customers/{customer.pk}/$"))
    page.go_back()
    if page.get_by_label("Title").input_value() != "Call back":
        page.get_by_label("Title").fill("Call back")
    save(page)
    expect(page.get_by_text("has already been added").first).to_be_visible()
    assert Task.objects.count() == 1
