"""Requesting a review by e-mail and by link, and submitting, editing and withdrawing it."""

from playwright.sync_api import Page, expect

from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review
from tests.browser.conftest import OpenPage, sign_in, signed_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.reviews import ReviewRequestFactory


def test_wizard_sends_an_email_with_an_edited_greeting(page: Page, portal: str, cast: Cast) -> None:
    mill = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", email="ute@muellerei.example")
    CustomerFactory.create_batch(9, agency=cast.alder)
    ProjectFactory(customer=mill, title="Relaunch")
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/company/reviews/request/")
    expect(page.get_by_role("radio")).to_have_count(8)
    page.get_by_label("Search customers").press_sequentially("mullerei", delay=20)
    expect(page.get_by_role("radio")).to_have_count(1)
    expect(page.get_by_role("radio", name="Müllerei Größe GmbH (K-1001)")).to_be_checked()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("A specific project").check()
    page.get_by_label("Project", exact=True).select_option(label="Relaunch")
    page.get_by_role("button", name="Next").click()

    mail = page.get_by_role("region", name="E-mail preview")
    expect(mail).to_contain_text("What was it like working with Alder Web on “Relaunch”?")
    page.get_by_label("Greeting").fill("Dear Ute,")
    expect(mail).to_contain_text("Dear Ute,")
    page.get_by_role("button", name="Send by e-mail").click()
    expect(page.locator(".toast-card")).to_contain_text("Review request sent to ute@muellerei.example")
    assert OutgoingMail.objects.get().text.startswith("Dear Ute,")


def test_review_by_link_is_submitted_edited_and_withdrawn(page: Page, open_page: OpenPage, portal: str, cast: Cast) -> None:
    asked = ReviewRequestFactory(customer=CustomerFactory(agency=cast.alder, company="Quiet GmbH", email=""))
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}/company/reviews/requests/")
    page.locator("summary", has_text="More actions for Quiet GmbH").click()
    page.get_by_role("button", name="New link").click()
    page.get_by_role("dialog").get_by_role("button", name="New link").click()
    expect(page.locator(".toast-card")).to_contain_text("The old link no longer works.")
    link = page.get_by_role("textbox", name="Personal link").input_value()
    assert link != asked.link

    reviewer = open_page()
    reviewer.set_viewport_size({"width": 360, "height": 780})
    assert reviewer.goto(str(asked.link)).status == 410  # type: ignore[union-attr]
    reviewer.goto(f"{link}?stars=4")
    for category in ("Cooperation", "Quality of service", "Schedule", "Budget"):
        expect(reviewer.get_by_role("group", name=category).get_by_role("radio", name="4 of 5, good")).to_be_checked()
    reviewer.get_by_role("group", name="Budget").get_by_role("radio").nth(4).check()
    reviewer.get_by_label("Your name").fill("Lea Maria Brandt")
    names = reviewer.get_by_role("group", name="Show my name as")
    expect(names).to_contain_text("Lea B.")
    names.get_by_role("radio", name="Lea B.").check()
    reviewer.get_by_role("button", name="Submit review").click()
    expect(reviewer.get_by_role("heading", level=1)).to_have_text("Thank you!")
    expect(reviewer.get_by_role("article")).to_contain_text("Lea B.")

    reviewer.get_by_role("link", name="Edit").click()
    reviewer.get_by_label("Your review").fill("Even better than I thought.")
    reviewer.get_by_role("button", name="Save changes").click()
    expect(reviewer.get_by_role("heading", level=1)).to_have_text("Changes saved")
    expect(reviewer.get_by_role("article")).to_contain_text("(edited)")

    reviewer.get_by_role("link", name="Withdraw review").click()
    reviewer.get_by_role("link", name="Keep review").click()
    assert Review.objects.get().withdrawn_at is None
    reviewer.get_by_role("link", name="Withdraw review").click()
    reviewer.get_by_role("button", name="Withdraw permanently").click()
    expect(reviewer.get_by_role("heading", level=1)).to_have_text("Your review has been withdrawn")
    reviewer.goto(f"{portal}/partners/alder/")
    expect(reviewer.get_by_role("main")).not_to_contain_text("Even better than I thought.")
