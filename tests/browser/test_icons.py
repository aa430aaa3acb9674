"""The browser accepts the manifest and applies the theme colours."""

from playwright.sync_api import Page

LIGHT, DARK = "#f6f5f2", "#0e151d"
EFFECTIVE = """[...document.querySelectorAll('meta[name="theme-color"]')]
    .filter((meta) => matchMedia(meta.media).matches).map((meta) => meta.content)"""


def test_browser_frame_has_the_colour_of_the_selected_theme(page: Page, portal: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{portal}/partners/")
    assert page.evaluate(EFFECTIVE) == [LIGHT]
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(EFFECTIVE) == [DARK]
    switch = page.locator("summary", has_text="Theme")
    switch.click()
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(EFFECTIVE) == [LIGHT]
    page.reload()
    assert page.evaluate(EFFECTIVE) == [LIGHT]
    switch.click()
    page.get_by_role("button", name="System").click()
    assert page.evaluate(EFFECTIVE) == [DARK]


def test_browser_finds_no_error_in_the_manifest(page: Page, portal: str) -> None:
    page.goto(f"{portal}/accounts/login/")
    found = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"] == f"{portal}/site.webmanifest"
    assert "Partner Portal" in found["data"]
