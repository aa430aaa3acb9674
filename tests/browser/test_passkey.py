"""Passkeys with a virtual authenticator of the browser."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in_with_password, signed_in
from tests.cast import Cast
from tests.factories.accounts import PASSWORD


def sign_out(page: Page, portal: str) -> None:
    """Sign out and open the sign-in page."""
    page.goto(f"{portal}/accounts/logout/?next=/accounts/login/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def test_passkey_is_added_used_renamed_and_removed(page: Page, portal: str, cast: Cast) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    finger = {"authenticatorId": authenticator["authenticatorId"]}

    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/accounts/2fa/webauthn/add/")
    devtools.send("WebAuthn.setUserVerified", {**finger, "isUserVerified": False})
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was received")
    devtools.send("WebAuthn.setUserVerified", {**finger, "isUserVerified": True})
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()

    # The passkey is the second factor after the password.
    sign_out(page, portal)
    page.get_by_label("E-mail").fill(cast.stan.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url("**/dashboard/")

    # The passkey replaces the password.
    sign_out(page, portal)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/dashboard/")

    page.goto(f"{portal}/accounts/2fa/webauthn/")
    expect(page.locator(".account-panel")).to_contain_text(re.compile(r"Laptop\s*Passkey"))
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_role("heading")).to_have_text("Remove “Work laptop”?")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No passkeys yet.")).to_be_visible()
    sign_out(page, portal)
    sign_in_with_password(page, portal, cast.stan.email)
    # Removes the authenticator.
    page.close()
