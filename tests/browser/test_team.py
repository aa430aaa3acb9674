"""A member joins the team, gets another role and is removed."""

import re

from playwright.sync_api import Page, expect

from partnerportal.agencies.models import Role
from tests.browser.conftest import OpenPage, sign_in
from tests.cast import Cast
from tests.smtp import Sink


def test_member_joins_changes_role_and_is_removed(page: Page, open_page: OpenPage, portal: str, cast: Cast, mail_server: Sink) -> None:
    sign_in(page, portal, "alice@alder.example")
    page.goto(f"{portal}/company/team/")
    page.get_by_role("link", name="Invite member").click()
    page.get_by_label("E-mail").fill("nina@people.example")
    page.get_by_role("radio", name=re.compile("^Manager")).check()
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("region", name="Invited")).to_contain_text("nina@people.example")

    link = re.search(rf"{portal}/join/\S+", mail_server.wait_for("nina@people.example", seconds=30).part("plain"))
    assert link
    nina = open_page()
    nina.goto(link.group())
    expect(nina.get_by_role("main")).to_contain_text("Alice Alder has invited you to work for Alder Web")
    nina.get_by_label("Your name").fill("Nina Neu")
    nina.get_by_label("Choose a password").fill("correct horse battery")
    nina.get_by_role("button", name="Join team").click()
    nina.wait_for_url("**/dashboard/")
    nina.goto(f"{portal}/customers/import/")
    expect(nina.get_by_role("heading", level=1)).to_have_text("Import customers")

    page.reload()
    members = page.get_by_role("region", name="Members")
    row = members.get_by_role("listitem").filter(has_text="Nina Neu")
    expect(row).to_contain_text("Manager")
    row.locator("summary").click()
    row.get_by_role("link", name="Change role").click()
    page.get_by_role("radio", name=re.compile("^Staff")).check()
    page.get_by_role("button", name="Change role").click()
    expect(row).to_contain_text("Staff")
    assert nina.goto(f"{portal}/customers/import/").status == 403  # type: ignore[union-attr]

    nina.goto(f"{portal}/customers/")
    row.locator("summary").click()
    row.get_by_role("link", name="Remove from team").click()
    page.get_by_role("button", name="Remove from team").click()
    expect(members).not_to_contain_text("Nina Neu")
    expect(page.get_by_role("region", name="Activity")).to_contain_text("Nina Neu removed from the team")
    nina.get_by_role("link", name="Requests").first.click()
    nina.wait_for_url("**/accounts/login/**")
    assert [member.role for member in cast.alder.memberships.filter(user=cast.alice)] == [Role.OWNER]
