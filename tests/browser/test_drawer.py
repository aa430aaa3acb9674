"""The menu on phones: a drawer that holds the focus, and that opens without scripts."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast

PHONE = {"width": 390, "height": 800}


def test_the_menu_of_a_phone_holds_the_focus_until_it_is_closed(page: Page, portal: str, cast: Cast) -> None:
    page.set_viewport_size(PHONE)
    signed_in(page, portal, cast.alice)
    page.goto(f"{portal}/customers/")
    menu, opener = page.locator("#sidebar"), page.get_by_role("button", name="Menu", exact=True)
    expect(menu).to_be_hidden()
    opener.click()
    expect(menu).to_be_visible()
    expect(menu).to_be_focused()
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.getElementById('sidebar').contains(document.activeElement)"
        )
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    # Beside it, and by its own button
    opener.click()
    page.mouse.click(380, 500)
    expect(menu).to_be_hidden()
    opener.click()
    page.get_by_role("button", name="Close menu").click()
    expect(menu).to_be_hidden()
    # A wide screen always shows it, and what is beside it can be used.
    opener.click()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(menu).to_be_visible()
    page.get_by_role("link", name="Import").click()
    page.wait_for_url("**/customers/import/**")


def test_the_menu_of_a_phone_opens_without_scripts(open_page: OpenPage, portal: str, cast: Cast) -> None:
    page = open_page(java_script_enabled=False)
    page.set_viewport_size(PHONE)
    signed_in(page, portal, cast.alice)
    page.goto(f"{portal}/customers/")
    page.get_by_role("button", name="Menu", exact=True).click()
    page.locator("#sidebar").get_by_role("link", name="Requests").click()
    page.wait_for_url("**/requests/")
