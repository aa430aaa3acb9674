"""Bulk actions: selecting rows on several pages, adding a tag, undo."""

from playwright.sync_api import Page, expect

from customers.models import Customer, Tag
from tests.browser.conftest import sign_in
from tests.cast import Cast


def tagged(cast: Cast) -> list[int]:
    return list(cast.alder.customers.filter(customer_tags__tag__name="VIP").order_by("number").values_list("number", flat=True))


def test_customers_on_two_pages_get_a_tag_and_undo_removes_it(page: Page, portal: str, cast: Cast) -> None:
    Customer.objects.bulk_create(Customer(agency=cast.alder, number=1001 + n, company=f"Company {n}", city="Köln") for n in range(30))
    Tag.objects.create(agency=cast.alder, name="VIP")
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/?city=köln")
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    page.get_by_role("checkbox", name="K-1030").check()
    page.get_by_role("checkbox", name="K-1028").check()
    expect(bar).to_contain_text("2 selected")
    page.get_by_role("link", name="Older").click()
    page.get_by_role("checkbox", name="K-1003").check()
    expect(bar).to_contain_text("3 selected")
    page.get_by_role("checkbox", name="Select all on this page").check()
    expect(bar).to_contain_text("7 selected")
    page.get_by_role("checkbox", name="Select all on this page").uncheck()
    page.get_by_role("checkbox", name="K-1003").check()

    # Leaving the list and returning keeps the selection; another filter ends it.
    page.get_by_label("Action").select_option("Add tag")
    bar.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("3 customers selected")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(bar).to_contain_text("3 selected")
    page.get_by_label("Status").select_option("Active and archived")
    expect(bar).to_be_hidden()
    page.get_by_label("Status").select_option("Active")
    expect(bar).to_contain_text("3 selected")

    page.get_by_label("Action").select_option("Add tag")
    bar.get_by_role("button", name="Continue").click()
    page.get_by_label("Tag").select_option("VIP")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Add tag to 3 customers").click()
    expect(page.get_by_text("Tag added to 3 customers.")).to_be_visible()
    assert tagged(cast) == [1003, 1028, 1030]
    expect(bar).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone for 3 customers.")).to_be_visible()
    assert tagged(cast) == []


def test_all_that_match_are_archived(page: Page, portal: str, cast: Cast) -> None:
    Customer.objects.bulk_create(
        Customer(agency=cast.alder, number=1001 + n, company=f"Company {n}", city=("Köln", "Bonn")[n % 2]) for n in range(60)
    )
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/customers/?city=köln")
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_label("All 30 that match").check()
    expect(page.get_by_role("checkbox", name="K-1059")).to_be_disabled()
    page.get_by_label("Action").select_option("Archive")
    page.locator("#bulk").get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Archive 30 customers").click()
    expect(page.get_by_text("30 customers archived.")).to_be_visible()
    assert cast.alder.customers.filter(status="archived", city="Köln").count() == 30
    assert cast.alder.customers.filter(status="archived").count() == 30
