"""A saved view: filters saved under a name, opened from the menu, changed, deleted and restored."""

from playwright.sync_api import Page, expect

from partnerportal.desk.models import SavedView
from tests.browser.conftest import signed_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory


def test_a_view_from_saving_to_undo(page: Page, portal: str, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="Kiel Mill", city="Kiel")
    CustomerFactory(agency=cast.alder, company="Kiel Archive", city="Kiel", status="archived")
    CustomerFactory(agency=cast.alder, company="Ulm Works", city="Ulm")
    signed_in(page, portal, cast.alice)
    page.goto(f"{portal}/customers/")
    menu, row = page.get_by_role("navigation", name="Main menu"), page.get_by_role("navigation", name="Saved views")
    expect(row).to_have_count(0)

    # The link appears with the first filter, and opens a dialog.
    page.get_by_role("textbox", name="City").fill("Kiel")
    page.get_by_role("textbox", name="City").press("Tab")
    save = page.get_by_role("link", name="Save view")
    save.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Save view")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.type("In Kiel")
    dialog.get_by_label("Pin to the menu").check()
    dialog.get_by_role("button", name="Save view").click()
    expect(row.locator("[aria-current=page]")).to_have_text("In Kiel")
    expect(menu.get_by_role("link", name="In Kiel")).to_contain_text("1 customer")

    # From another page, the menu opens the list with its filters.
    page.goto(f"{portal}/tasks/")
    menu.get_by_role("link", name="In Kiel").click()
    expect(page.get_by_role("link", name="Kiel Mill")).to_be_visible()
    expect(page.get_by_role("link", name="Ulm Works")).to_have_count(0)

    # Filters update the row with the list.
    page.get_by_label("Status").select_option("all")
    expect(page.get_by_role("link", name="Kiel Archive")).to_be_visible()
    expect(row.get_by_role("link", name="In Kiel")).to_contain_text("modified")
    page.get_by_role("button", name="Save changes").click()
    expect(row.locator("[aria-current=page]")).to_have_text("In Kiel")
    expect(menu.get_by_role("link", name="In Kiel")).to_contain_text("2 customers")
    assert SavedView.objects.get().query == "status=all&city=Kiel"

    actions = page.locator("summary", has_text="Actions for the view In Kiel")
    actions.click()
    page.get_by_role("link", name="Rename or share").click()
    dialog = page.get_by_role("dialog", name="Edit view")
    dialog.get_by_label("Name").fill("All of Kiel")
    dialog.get_by_role("button", name="Save view").click()
    expect(row.locator("[aria-current=page]")).to_have_text("All of Kiel")

    page.locator("summary", has_text="Actions for the view All of Kiel").click()
    page.get_by_role("button", name="Delete view").click()
    expect(page).to_have_url(f"{portal}/customers/")
    expect(menu.get_by_role("link", name="All of Kiel")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row.locator("[aria-current=page]")).to_have_text("All of Kiel")
    expect(menu.get_by_role("link", name="All of Kiel")).to_have_attribute("aria-current", "page")
