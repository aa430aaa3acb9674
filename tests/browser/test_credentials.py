"""The story of a handed-over credential, from the request to its end."""

from playwright.sync_api import Page, expect

from invitations.credentials.models import Credential
from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast
from tests.factories.credentials import NeedTemplateFactory
from tests.factories.customers import CustomerFactory

PASSWORD = "Tr0ub4dor & Quince"


def test_credential_from_the_request_to_its_end(page: Page, open_page: OpenPage, portal: str, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Paulsen's mill", email=cast.kim.email)
    NeedTemplateFactory(agency=cast.alder, name="Hosting", address="web@alder.example")
    NeedTemplateFactory(agency=cast.alder, name="Registrar", area="domains", address="")

    # The agency requests access with “What we need”.
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/customers/{customer.pk}/access/request/")
    page.get_by_label("Hosting · Website and hosting").check()
    page.get_by_label("Registrar · Domains").check()
    page.get_by_role("button", name="Send access request").click()
    expect(page.get_by_role("main")).to_contain_text("Requested from kim@client.example")

    # The client grants it, invites the agency for one and hands over the other.
    client = open_page()
    signed_in(client, portal, cast.kim)
    client.goto(f"{portal}/my/")
    client.get_by_role("link", name="View request").click()
    expect(client.get_by_role("region", name="What they need")).to_contain_text("Registrar · Domains")
    client.get_by_role("button", name="Grant access").click()
    hosting = client.get_by_role("article", name="Hosting")
    expect(hosting.get_by_label("Address to invite")).to_have_value("web@alder.example")
    hosting.get_by_role("button", name="Mark as invited").click()
    expect(client.get_by_role("article", name="Hosting")).to_contain_text("invited as a user")
    client.get_by_role("article", name="Registrar").get_by_role("link", name="Share credential").click()
    client.get_by_role("textbox", name="User name").fill("kim-dns")
    client.get_by_label("Password").fill(PASSWORD)
    client.get_by_role("button", name="Share credential").click()
    registrar = client.get_by_role("article", name="Registrar")
    expect(registrar).to_contain_text("Not revealed.")

    # Staff reveal it.
    page.goto(f"{portal}/customers/{customer.pk}/shared/credentials/")
    page.get_by_role("link", name="Reveal…").click()
    assert PASSWORD not in page.content()
    page.get_by_role("button", name="Reveal credential").click()
    expect(page.get_by_label("Password")).to_have_value(PASSWORD)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("main")).to_contain_text("Revealed by Stan Stein")
    assert PASSWORD not in page.content()

    # The client sees the reveal and revokes access.
    client.reload()
    expect(registrar).to_contain_text("Revealed by Stan Stein")
    client.goto(f"{portal}/my/")
    client.get_by_role("button", name="Revoke access").click()
    client.get_by_role("dialog").get_by_role("button", name="Revoke access").click()
    expect(client.get_by_role("main")).to_contain_text("no longer has access")

    # It is gone on both sides.
    page.goto(f"{portal}/customers/{customer.pk}/shared/credentials/")
    expect(page.get_by_role("main")).to_contain_text("No client has given access")
    client.get_by_role("link", name="Alder Web").click()
    expect(client.get_by_role("region", name="Deleted credentials")).to_contain_text("deleted because access was revoked")
    assert Credential.objects.get().sealed is None
