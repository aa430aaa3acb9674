"""Main workflow: staff add a customer and request a review by e-mail, the customer rates, and the profile displays the review."""

import re

from playwright.sync_api import Page, expect

from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review
from tests.browser.conftest import OpenPage, sign_in_with_password
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.smtp import Sink


def test_customer_is_added_and_their_review_appears_on_the_profile(page: Page, open_page: OpenPage, portal: str, mail_server: Sink) -> None:
    sign_in_with_password(page, portal, "alice@alder.example")
    page.get_by_role("navigation").get_by_role("link", name="Customers", exact=True).click()
    page.get_by_role("link", name="Add Customer").first.click()
    page.get_by_role("radio", name="Company").check()
    page.get_by_role("textbox", name="Company").fill("Müllerei Größe GmbH")
    page.get_by_label("Salutation").select_option(label="Ms")
    page.get_by_label("First name").fill("Ute")
    page.get_by_label("Last name").fill("Größe")
    page.get_by_label("E-mail").fill("ute@muellerei.example")
    page.get_by_label("Phone").fill("+49 3581 4410")
    page.get_by_label("Website").fill("muellerei.example")
    page.get_by_label("Street").fill("Mühlweg 3")
    page.get_by_label("ZIP").fill("02826")
    page.get_by_label("City").fill("Görlitz")
    page.get_by_label("Country").select_option(label="Germany")
    page.get_by_label("Language", exact=True).select_option(label="English")
    page.get_by_label("Notes").fill("Calls in the morning.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Müllerei Größe GmbH")

    page.get_by_role("link", name="Add project").click()
    page.get_by_label("Title").fill("Relaunch of the shop")
    page.get_by_role("button", name="Save").click()

    page.get_by_role("navigation").get_by_role("link", name="Reviews").click()
    page.get_by_role("main").get_by_role("link", name="Request review").first.click()
    page.get_by_role("radio", name="Müllerei Größe GmbH (K-1001)").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("A specific project").check()
    page.get_by_label("Project", exact=True).select_option(label="Relaunch of the shop")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Send by e-mail").click()
    expect(page.get_by_role("main")).to_contain_text("ute@muellerei.example")

    mail = mail_server.wait_for("ute@muellerei.example", seconds=30)
    assert mail.message["From"].addresses[0].display_name == "Alder Web"
    assert "Relaunch of the shop" in mail.part("html")
    link = re.search(rf"{re.escape(portal)}/r/\S+", mail.part("plain"))
    assert link

    # The customer uses another browser without a session.
    customer = open_page()
    customer.goto(link.group())
    for category, stars in (("Cooperation", 5), ("Quality of service", 5), ("Schedule", 4), ("Budget", 4)):
        customer.get_by_role("group", name=category).get_by_role("radio").nth(stars - 1).check()
    customer.get_by_label("Your review").fill("Our shop loads before you can say flour.")
    customer.get_by_label("Your name").fill("Ute Größe")
    customer.get_by_role("button", name="Submit review").click()
    expect(customer.get_by_role("heading", level=1)).to_contain_text("Thank you")

    customer.goto(f"{portal}/partners/alder/")
    expect(customer.get_by_role("main")).to_contain_text("Our shop loads before you can say flour.")
    expect(customer.get_by_role("main")).to_contain_text("Relaunch of the shop")
    expect(customer.get_by_role("main")).to_contain_text("4.5")

    page.goto(f"{portal}/customers/")
    page.get_by_role("link", name="Müllerei Größe GmbH").click()
    expect(page.get_by_role("main")).to_contain_text("Customer submitted a review")


def test_create_link_shows_a_link_and_sends_no_email(page: Page, portal: str, cast: Cast) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=portal)
    customer = CustomerFactory(agency=cast.alder, email="")
    sign_in_with_password(page, portal, "stan@alder.example")
    page.goto(f"{portal}{customer.get_absolute_url()}")
    page.get_by_role("main").get_by_role("link", name="Request review").first.click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Create link").click()
    page.get_by_role("button", name="Copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == customer.review_requests.get().link
    assert not OutgoingMail.objects.exists()


def test_withdrawing_a_request_requires_confirmation(page: Page, portal: str, cast: Cast) -> None:
    asked = ReviewRequestFactory(customer__agency=cast.alder)
    sign_in_with_password(page, portal, "alice@alder.example")
    page.goto(f"{portal}/company/reviews/requests/{asked.pk}/")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    asked.refresh_from_db()
    assert asked.status == "open"
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    page.wait_for_load_state()
    asked.refresh_from_db()
    assert asked.status == "withdrawn"


def test_rating_works_by_keyboard(page: Page, portal: str, cast: Cast) -> None:
    asked = ReviewRequestFactory(customer__agency=cast.alder, project=None)
    page.goto(asked.link)
    for presses in (5, 4, 3, 1):
        page.keyboard.press("Tab")
        while not page.evaluate("document.activeElement.matches('input[type=radio]')"):
            page.keyboard.press("Tab")
        page.keyboard.press("Space")
        for _ in range(presses - 1):
            page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("Typed without a mouse.")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("Kay Board")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    review = Review.objects.get()
    assert (review.cooperation, review.quality, review.schedule, review.budget) == (5, 4, 3, 1)
    assert (review.text, review.author) == ("Typed without a mouse.", "Kay Board")


def test_requesting_and_rating_work_without_javascript(open_page: OpenPage, portal: str, cast: Cast) -> None:
    ProjectFactory(customer__agency=cast.alder, title="Plain project")
    page = open_page(java_script_enabled=False)
    sign_in_with_password(page, portal, "alice@alder.example")
    page.goto(f"{portal}/company/reviews/request/")
    page.get_by_label("Search customers").fill("company")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("A specific project").check()
    page.get_by_label("Project", exact=True).select_option(label="Plain project")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Create link").click()
    page.goto(cast.alder.review_requests.get().link)
    page.get_by_role("button", name="Submit review").click()
    expect(page.get_by_role("main")).to_contain_text("Select one to five stars.")
    for group in page.get_by_role("group").all():
        group.get_by_role("radio").nth(3).check()
    page.get_by_label("Your name").fill("No Script")
    page.get_by_role("button", name="Submit review").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
