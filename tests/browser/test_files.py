"""Files in both directions, and an approval."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import ConnectedFactory


def test_files_go_both_ways_and_the_client_approves_one(page: Page, open_page: OpenPage, portal: str, cast: Cast, tmp_path: Path) -> None:
    given = ConnectedFactory(customer=CustomerFactory(agency=cast.alder, company="Mill Ltd"), client=cast.kim, name="Kim Client")
    offer, logo = tmp_path / "offer.pdf", tmp_path / "logo.html"
    offer.write_bytes(b"%PDF-1.7\nAn offer.")
    logo.write_text("<script>alert(1)</script>")

    client = open_page()
    signed_in(client, portal, cast.kim)
    client.goto(f"{portal}/my/alder/")
    client.get_by_role("link", name="Files", exact=True).click()
    expect(client.get_by_role("main")).to_contain_text("No files yet")
    client.get_by_role("link", name="Upload file").click()
    client.get_by_label("File", exact=True).set_input_files(logo)
    client.get_by_label("Area").select_option(label="Website and hosting")
    client.get_by_role("button", name="Upload file").click()
    expect(client.get_by_role("region", name="Files")).to_contain_text("Web page")

    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/customers/{given.customer.pk}/shared/files/")
    page.get_by_role("link", name="logo").click()
    with page.expect_download() as received:
        page.get_by_role("link", name="logo.html").click()
    assert received.value.suggested_filename == "logo.html"
    assert Path(received.value.path()).read_text() == logo.read_text()
    page.goto(f"{portal}/customers/{given.customer.pk}/shared/files/add/")
    page.get_by_label("File", exact=True).set_input_files(offer)
    page.get_by_label("Title").fill("Offer for the shop")
    page.get_by_label("Area").select_option(label="Contracts and invoices")
    page.get_by_role("button", name="Upload file").click()
    page.get_by_role("button", name="Request approval").click()
    page.get_by_role("dialog").get_by_role("button", name="Request approval").click()
    expect(page.get_by_role("main")).to_contain_text("open")

    client.get_by_role("link", name="Approvals").click()
    client.get_by_role("link", name="Offer for the shop").click()
    with client.expect_download() as received:
        client.get_by_role("link", name="offer.pdf").click()
    assert Path(received.value.path()).read_bytes() == offer.read_bytes()
    client.get_by_label("Approve").check()
    client.get_by_label("Comment").fill("Please start.")
    client.get_by_role("button", name="Send decision").click()
    expect(client.get_by_role("main")).to_contain_text("approved")
    expect(client.get_by_role("button", name="Send decision")).to_have_count(0)

    page.reload()
    decision = page.get_by_role("region", name="Offer for the shop")
    expect(decision).to_contain_text("by Kim Client")
    expect(decision).to_contain_text("Please start.")
