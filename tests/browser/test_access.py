"""Access invitations: giving, connecting, rejecting and revoking access."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, sign_in, signed_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import ConnectedFactory, InvitationFactory
from tests.smtp import Sink


def test_invitation_of_a_client_adds_a_customer(page: Page, open_page: OpenPage, portal: str, mail_server: Sink) -> None:
    client = open_page()
    client.goto(f"{portal}/partners/alder/access/")
    client.get_by_label("E-mail").fill("kim@new.example")
    client.get_by_role("button", name="Send me a code").click()
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", mail_server.wait_for("kim@new.example", seconds=30).part("plain"), re.M)
    assert code
    client.get_by_label("Code").fill(code.group().lower())
    client.get_by_role("button", name="Sign in").click()
    expect(client.get_by_role("heading", level=1)).to_have_text("Give Alder Web access")
    expect(client.get_by_role("checkbox", name="Support")).to_be_hidden()
    client.get_by_label("Partial access").check()
    client.get_by_role("checkbox", name="Domains").check()
    client.get_by_role("textbox", name="Domains").fill("müllerei.example")
    client.get_by_label("Name").fill("Kim Paulsen")
    client.get_by_label("Company").fill("Mühle Paulsen")
    client.get_by_role("button", name="Send invitation").click()
    expect(client.get_by_role("article")).to_contain_text("pending")

    sign_in(page, portal, "stan@alder.example")
    expect(page.get_by_role("navigation").get_by_role("link", name="Customers", exact=False).first).to_contain_text("1 pending invitation")
    page.goto(f"{portal}/customers/")
    page.get_by_role("link", name="Connect Customer").click()
    page.get_by_role("link", name="Create new customer").click()
    expect(page.get_by_label("Last name")).to_have_value("Paulsen")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mühle Paulsen")
    access = page.get_by_role("region", name="Access")
    expect(access).to_contain_text("Partial access")
    expect(access).to_contain_text("Given by Kim Paulsen")
    expect(page.get_by_role("region", name="Domains")).to_contain_text("müllerei.example")
    expect(page.get_by_role("navigation", name="Main menu")).not_to_contain_text("invitation")

    client.reload()
    expect(client.get_by_role("article")).to_contain_text("connected")


def test_invitation_is_connected_to_an_existing_customer(page: Page, portal: str, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="Paulsen's mill", email="kim@client.example")
    InvitationFactory(agency=cast.alder, client=cast.kim, company="Mühle Paulsen")
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/customers/")
    page.get_by_role("link", name="Connect Customer").click()
    likely = page.get_by_role("region", name="Possible duplicates")
    expect(likely).to_contain_text("same e-mail")
    likely.get_by_role("button", name="Connect").click()
    sure = page.get_by_role("dialog", name="Connect")
    expect(sure).to_contain_text("can’t be undone")
    sure.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Paulsen's mill")
    expect(page.get_by_role("region", name="Access")).to_contain_text("Full access")


def test_rejection_sends_the_previewed_message(page: Page, portal: str, cast: Cast, mail_server: Sink) -> None:
    InvitationFactory(agency=cast.alder, client=cast.kim, company="Mühle Paulsen")
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/customers/")
    page.get_by_role("link", name="Reject invitation").click()
    preview = page.get_by_role("region", name="E-mail preview")
    expect(preview).not_to_contain_text("Message from Alder Web")
    page.get_by_label("Personal message").press_sequentially("We are <b>full</b>.")
    expect(preview).to_contain_text("> We are <b>full</b>.")
    shown = preview.locator("pre").inner_text()
    page.get_by_role("button", name="Reject invitation").click()
    expect(page.get_by_role("main")).to_contain_text("rejected")
    assert mail_server.wait_for("kim@client.example", seconds=30).part("plain").strip() == shown.strip()


def test_revoking_access_requires_confirmation(page: Page, portal: str, cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    signed_in(page, portal, cast.kim)
    page.goto(f"{portal}/my/")
    page.get_by_role("button", name="Revoke access").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Alder Web can no longer use the access")
    page.keyboard.press("Escape")
    given.refresh_from_db()
    assert given.status == "connected"
    page.get_by_role("button", name="Revoke access").click()
    dialog.get_by_role("button", name="Revoke access").click()
    expect(page.get_by_role("main")).to_contain_text("No one has access at the moment.")
    given.refresh_from_db()
    assert given.status == "revoked"


def test_messages_stay_in_the_page_on_a_phone(open_page: OpenPage, portal: str, cast: Cast) -> None:
    ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    page = open_page()
    page.set_viewport_size({"width": 390, "height": 640})
    signed_in(page, portal, cast.kim)
    page.goto(f"{portal}/my/")
    page.get_by_role("link", name="Change : Alder Web").click()
    page.get_by_label("Partial access").check()
    page.get_by_role("checkbox", name="Support").check()
    page.get_by_role("button", name="Save").click()
    message = page.locator(".toast-card")
    expect(message).to_be_visible()
    said, content = message.bounding_box(), page.locator(".site-content, .client-page").bounding_box()
    assert said and content and said["y"] + said["height"] <= content["y"]
    message.get_by_role("button", name="Close").click()
    expect(message).to_have_count(0)


def test_account_tabs_are_one_row_with_the_current_tab_in_view_on_a_phone(open_page: OpenPage, portal: str, cast: Cast) -> None:
    page = open_page(locale="de-DE")
    page.set_viewport_size({"width": 390, "height": 640})
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/account/")
    tabs = page.locator(".tabs a")
    assert len({round(box["y"]) for box in (tab.bounding_box() for tab in tabs.all()) if box}) == 1
    page.locator('.tabs a[href$="/sessions/"]').click()
    current = page.locator(".tabs [aria-current]").bounding_box()
    assert current and current["x"] >= 0 and current["x"] + current["width"] <= 390
