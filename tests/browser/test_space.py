"""The shared space over time: messages of both sides, and access whose last day passes."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from invitations.models import AccessInvitation
from invitations.tasks import end_access
from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import ConnectedFactory


def test_messages_until_the_last_day_of_access_passes(page: Page, open_page: OpenPage, portal: str, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Paulsen's mill", responsible=cast.stan)
    given = ConnectedFactory(customer=customer, client=cast.kim, name="Kim Paulsen", company="", ends=True)

    # The client writes, and the agency answers.
    client = open_page()
    signed_in(client, portal, cast.kim)
    client.goto(f"{portal}/my/alder/messages/")
    client.get_by_role("textbox", name="Message").fill("Is the shop ready?")
    client.get_by_role("button", name="Send message").click()
    expect(client.get_by_role("main")).to_contain_text("Message sent.")
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/messages/")
    page.get_by_role("link", name="Paulsen's mill").click()
    expect(page.get_by_role("main")).to_contain_text("Is the shop ready?")
    page.get_by_role("textbox", name="Message").fill("Yes, since this morning.")
    page.get_by_role("button", name="Send message").click()
    expect(page.get_by_role("main")).to_contain_text("Message sent.")
    client.reload()
    expect(client.get_by_role("main")).to_contain_text("Yes, since this morning.")

    # The last day passes. The space closes immediately, before the task has stored the end.
    AccessInvitation.objects.filter(pk=given.pk).update(ends_on=timezone.localdate() - timedelta(days=1))
    client.goto(f"{portal}/my/")
    expect(client.get_by_role("link", name="Paulsen's mill")).to_have_count(0)
    expect(client.get_by_role("main")).to_contain_text("ended")
    page.reload()
    expect(page.get_by_role("button", name="Send message")).to_have_count(0)
    assert end_access() == 1
    client.goto(f"{portal}/my/{given.pk}/")
    expect(client.get_by_role("main")).to_contain_text("ended on its last day")
    page.goto(f"{portal}{given.get_absolute_url()}")
    expect(page.get_by_role("main")).to_contain_text("ended on its last day")
