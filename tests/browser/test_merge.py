"""Merging of two customers in the browser: search, compare, merge, inspect, undo."""

from playwright.sync_api import Page, expect

from customers.models import Customer, CustomerPair
from tests.browser.conftest import sign_in
from tests.browser.test_import import looks_right
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, TaskFactory
from tests.factories.reviews import ReviewFactory
from tests.smtp import Sink


def test_duplicates_are_found_merged_and_separated_again(page: Page, portal: str, cast: Cast, mail_server: Sink) -> None:
    first = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", email="ute@mehl.example", city="Görlitz")
    second = CustomerFactory(agency=cast.alder, company="Muellerei Größe", email="UTE@mehl.example", phone="+49 3581 4410", city="Zittau")
    TaskFactory(customer=second, title="Call Ute")
    ReviewFactory(review_request__customer=second, text="Good work.")
    sign_in(page, portal, "max@alder.example")

    page.goto(f"{portal}/customers/duplicates/")
    page.get_by_role("button", name="Search for duplicates").click()
    expect(page.get_by_role("main")).to_contain_text("same e-mail")
    looks_right(page)
    page.get_by_role("button", name="Not a duplicate").click()
    expect(page.get_by_role("heading", name="No duplicates found")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("main")).to_contain_text("same e-mail")

    page.get_by_role("link", name="Compare").click()
    looks_right(page)
    expect(page.get_by_role("region", name="Moves to K-1001")).to_contain_text("1 task")
    expect(page.get_by_role("region", name="Stays with K-1002")).to_contain_text("1 review request")
    page.get_by_role("radiogroup", name="City").get_by_label("Zittau").check()
    page.get_by_role("button", name="Merge customers").click()

    expect(page).to_have_url(f"{portal}{first.get_absolute_url()}")
    expect(page.get_by_role("main")).to_contain_text("Call Ute")
    expect(page.get_by_role("main")).to_contain_text("from K-1002")
    looks_right(page)
    page.get_by_role("link", name="K-1002 Muellerei Größe").click()
    looks_right(page)
    expect(page.get_by_role("main")).to_contain_text("1 task")
    expect(page.get_by_role("main")).to_contain_text("Phone, City")

    page.get_by_role("button", name="Undo merge").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo merge").click()
    expect(page).to_have_url(f"{portal}{second.get_absolute_url()}")
    expect(page.get_by_role("main")).to_contain_text("Call Ute")
    first.refresh_from_db()
    assert (first.city, first.phone) == ("Görlitz", "")
    assert set(Customer.objects.values_list("status", flat=True)) == {"active"}
    assert CustomerPair.objects.count() == 1
