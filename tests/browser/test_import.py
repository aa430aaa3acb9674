"""Import of a CSV file in the browser, including the download of failed rows."""

import csv
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.smtp import Sink

ROWS = "Firma;E-Mail;Ort\nNeuhof GmbH;neu@hof.example;Köln\nTwin GmbH;twin@hof.example;Kiel\nWrong GmbH;no address;Bonn\n"


def looks_right(page: Page) -> None:
    """Check accessibility in light and dark mode, and the width on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        page.wait_for_timeout(300)  # end of the colour transition
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 860})


def test_import_adds_new_customers_skips_duplicates_and_returns_errors(
    page: Page, portal: str, cast: Cast, mail_server: Sink, tmp_path: Path
) -> None:
    twin = CustomerFactory(agency=cast.alder, email="twin@hof.example")
    sign_in(page, portal, "max@alder.example")
    page.goto(f"{portal}/customers/import/")
    looks_right(page)
    file = tmp_path / "kunden.csv"
    file.write_bytes(ROWS.encode("cp1252"))
    page.locator("#id_file").set_input_files(file)
    page.get_by_role("button", name="Continue").click()

    # Encoding, delimiter and columns are detected.
    expect(page.get_by_role("main")).to_contain_text("Köln")
    looks_right(page)
    page.get_by_role("button", name="Check all rows").click()
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(twin.reference)
    looks_right(page)
    assert cast.alder.customers.count() == 1

    page.get_by_role("button", name="Import 1 customer").click()
    expect(page.get_by_role("heading", name="Import results")).to_be_visible()
    looks_right(page)
    assert sorted(cast.alder.customers.values_list("company", "city")) == sorted([(twin.company, twin.city), ("Neuhof GmbH", "Köln")])

    with page.expect_download() as download:
        page.get_by_role("link", name="Download failed rows (CSV)").click()
    rows = list(csv.reader(Path(download.value.path()).read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert rows[1][:3] == ["Wrong GmbH", "no address", "Bonn"]
    assert "E-Mail: Enter a valid email address." in rows[1][-1]
