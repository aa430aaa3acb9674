"""An agency applies, an administrator approves, and the first owner sets up the account."""

import re

from playwright.sync_api import Page, expect

from partnerportal.agencies.models import Membership
from partnerportal.core.stamped_forms import MIN_FORM_AGE
from partnerportal.network.site import forget_site
from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast
from tests.factories.agencies import OperatorFactory
from tests.polling import eventually
from tests.smtp import Sink


def test_agency_applies_and_its_first_owner_begins(
    page: Page, open_page: OpenPage, portal: str, cast: Cast, mail_server: Sink, clean_cache: None
) -> None:
    ada = cast.ada.email
    OperatorFactory(name="Agencies of the North", accepts_applications=True)
    forget_site()
    cora = open_page()
    cora.goto(f"{portal}/partners/")
    cora.get_by_role("navigation", name="About this website").get_by_role("link", name="Apply as an agency").click()
    cora.get_by_label("Name of the agency").fill("Cedar Digital")
    cora.get_by_role("textbox", name="Website").fill("cedar.example")
    cora.get_by_label("City").fill("Görlitz")
    cora.get_by_label("About the agency").fill("We build shops.")
    cora.get_by_label("Your name").fill("Cora Cedar")
    cora.wait_for_timeout(MIN_FORM_AGE * 1000)
    cora.get_by_role("button", name="Send application").click()
    expect(cora.get_by_role("main")).to_contain_text("Enter your e-mail address.")
    cora.get_by_label("Your e-mail address").fill("cora@cedar.example")
    cora.get_by_role("button", name="Send application").click()
    expect(cora.get_by_role("heading", level=1)).to_have_text("Check your inbox")

    link = re.search(rf"{portal}/apply/\S+", mail_server.wait_for("cora@cedar.example", seconds=30).part("plain"))
    assert link
    cora.goto(link.group())
    expect(cora.get_by_role("main")).to_contain_text("We build shops.")
    cora.get_by_role("button", name="Confirm application").click()
    expect(cora.get_by_role("heading", level=1)).to_have_text("Application confirmed")

    decide = re.search(rf"{portal}/admin/\S+", mail_server.wait_for(ada, seconds=30).part("plain"))
    assert decide
    signed_in(page, portal, cast.ada)
    page.goto(f"{portal}/admin/")
    page.get_by_role("link", name="Cedar Digital").click()
    assert page.url == decide.group()
    page.get_by_role("link", name="Approve…").click()
    page.get_by_role("button", name="Approve application").click()
    expect(page.get_by_text("Application approved.")).to_be_visible()

    (mail,) = eventually(lambda: mail_server.to("cora@cedar.example")[1:], "the approval arrives", seconds=30)
    assert mail.message["Subject"] == "Your application has been approved"
    invitation = re.search(rf"{portal}/join/\S+", mail.part("plain"))
    assert invitation
    cora.goto(invitation.group())
    cora.get_by_label("Your name").fill("Cora Cedar")
    cora.get_by_label("Choose a password").fill("correct horse battery")
    cora.get_by_role("button", name="Join team").click()
    cora.wait_for_url("**/dashboard/")
    expect(cora.get_by_role("main")).to_contain_text("Complete your profile")
    member = Membership.objects.get(user__email="cora@cedar.example")
    assert (member.role, member.agency.name, member.agency.profile.city) == ("owner", "Cedar Digital", "Görlitz")
    cora.goto(f"{portal}/company/")
    expect(cora.get_by_role("textbox", name="Website")).to_have_value("https://cedar.example")
