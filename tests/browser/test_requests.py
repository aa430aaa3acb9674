"""Contact requests: a prospect becomes a customer, a request is assigned to an existing customer, and spam."""

from playwright.sync_api import Dialog, Page, expect

from partnerportal.core.stamped_forms import MIN_FORM_AGE
from requests_inbox.models import ContactRequest
from tests.browser.conftest import OpenPage, sign_in, signed_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.requests import ContactRequestFactory, SavedReplyFactory
from tests.smtp import Sink


def write(visitor: Page, portal: str, *, name: str, company: str, email: str, message: str) -> None:
    """Submit “Contact them now”, not faster than a person can."""
    visitor.goto(f"{portal}/partners/alder/contact/")
    visitor.get_by_label("Name").fill(name)
    visitor.get_by_label("Company").fill(company)
    visitor.get_by_label("E-mail").fill(email)
    visitor.get_by_label("Message").fill(message)
    visitor.get_by_label("may use this information to reply to me").check()
    visitor.wait_for_timeout(MIN_FORM_AGE * 1000)
    visitor.get_by_role("button", name="Send").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Thank you!")


def test_prospect_becomes_a_customer(
    page: Page, open_page: OpenPage, portal: str, cast: Cast, mail_server: Sink, clean_cache: None
) -> None:
    prospect = {"name": "Ute Größe", "company": "Müllerei Größe GmbH", "email": "ute@muellerei.example"}
    write(open_page(), portal, **prospect, message="We need a shop for flour.")
    acknowledgement = mail_server.wait_for("ute@muellerei.example", seconds=30)
    assert acknowledgement.message["Subject"] == "Alder Web has received your message"
    assert "flour" not in acknowledgement.part("plain")
    assert "flour" in mail_server.wait_for("alice@alder.example").part("plain")

    sign_in(page, portal, "stan@alder.example")
    page.get_by_role("navigation").get_by_role("link", name="Requests").click()
    expect(page.get_by_role("navigation").get_by_role("link", name="Requests")).to_contain_text("1")
    expect(page.get_by_role("row", name="Müllerei Größe GmbH")).to_contain_text("unread:")
    with page.expect_response("**/seen/"):
        page.get_by_role("link", name="Müllerei Größe GmbH").click()
    page.get_by_label("Reply by e-mail").fill("Gladly! What kinds of flour?")
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_role("list", name="Conversation")).to_contain_text("What kinds of flour?")

    page.get_by_role("main").get_by_role("link", name="Add Customer").click()
    expect(page.get_by_role("textbox", name="Company")).to_have_value("Müllerei Größe GmbH")
    expect(page.get_by_label("Last name")).to_have_value("Größe")
    page.get_by_label("City").fill("Görlitz")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Müllerei Größe GmbH")
    expect(page.get_by_role("region", name="Requests")).to_contain_text("We need a shop for flour.")
    expect(page.get_by_role("region", name="Activity")).to_contain_text("assigned to the customer")
    reply = next(mail for mail in mail_server.to("ute@muellerei.example") if "Gladly" in mail.part("plain"))
    assert reply.message["In-Reply-To"] == acknowledgement.message["Message-ID"]


def test_request_is_assigned_to_an_existing_customer(page: Page, portal: str, cast: Cast) -> None:
    likely = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", email="ute@muellerei.example")
    other = CustomerFactory(agency=cast.alder, company="Bäckerei Ofenfrisch")
    request = ContactRequestFactory(agency=cast.alder, email="ute@muellerei.example", company="Müllerei Größe")
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}{request.get_absolute_url()}")
    page.get_by_role("link", name="Assign to a customer").click()
    expect(page.get_by_role("region", name="Possible duplicates").get_by_role("listitem")).to_contain_text("same e-mail")
    page.get_by_role("searchbox", name="Search customers").fill("ofenfr")
    found = page.get_by_role("region", name="Another customer").get_by_role("listitem")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(other.company)
    page.get_by_role("region", name="Possible duplicates").get_by_role("button", name="Assign").click()
    page.get_by_role("dialog").get_by_role("button", name="Assign").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Müllerei Größe GmbH")
    request.refresh_from_db()
    assert request.customer == likely
    page.get_by_role("region", name="Requests").get_by_role("link").click()
    expect(page.get_by_role("main")).to_contain_text("Assigned to customer:")
    expect(page.get_by_role("main").get_by_role("link", name="Add Customer")).to_have_count(0)


def test_a_saved_reply_is_written_inserted_and_sent(page: Page, portal: str, cast: Cast, mail_server: Sink) -> None:
    request = ContactRequestFactory(agency=cast.alder, email="ute@muellerei.example", name="Ute Größe", company="Müllerei Größe")
    signed_in(page, portal, cast.max)
    page.goto(f"{portal}/requests/saved-replies/")
    page.get_by_role("link", name="Add saved reply").first.click()
    page.get_by_label("Title").fill("Thanks")
    page.get_by_label("Text").fill("Hello {first name},\n\nthank you[ for writing for {company}].\n\n{my nmae}")
    # The preview follows the text.
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("Unknown placeholder: {my nmae}.")
    page.get_by_label("Text").fill("Hello {first name},\n\nthank you[ for writing for {company}].\n\n{my name}")
    expect(preview).to_contain_text("thank you for writing for Miller Ltd.")
    expect(preview).to_contain_text("thank you.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("Saved reply “Thanks” added.")

    page.goto(f"{portal}{request.get_absolute_url()}")
    page.get_by_role("radio", name="Internal note").check(force=True)
    page.locator("#id_note_text").fill("An unfinished note")
    page.get_by_role("radio", name="Reply").check(force=True)
    page.get_by_label("Reply by e-mail").fill("Quick answer:")
    page.get_by_label("Saved reply").select_option("Thanks")
    page.get_by_role("button", name="Insert").focus()
    page.keyboard.press("Enter")
    text = page.get_by_label("Reply by e-mail")
    expect(text).to_have_value("Quick answer:\n\nHello Ute,\n\nthank you for writing for Müllerei Größe.\n\nMax Meyer")
    expect(text).to_be_focused()
    expect(page.locator("#id_note_text")).to_have_value("An unfinished note")
    assert page.url == f"{portal}{request.get_absolute_url()}"
    # The browser asks about the note, which is lost.
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_role("list", name="Conversation")).to_contain_text("thank you for writing for Müllerei Größe.")
    expect(page.get_by_role("button", name="No reply needed")).to_have_count(0)
    assert "Hello Ute," in mail_server.wait_for("ute@muellerei.example", seconds=30).part("plain")


def test_other_actions_ask_before_a_typed_reply_is_lost(page: Page, portal: str, cast: Cast) -> None:
    SavedReplyFactory(agency=cast.alder, title="Thanks", text="Thank you.")
    request = ContactRequestFactory(agency=cast.alder)
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}{request.get_absolute_url()}")
    page.get_by_label("Reply by e-mail").fill("Quick answer:")
    page.get_by_label("Saved reply").select_option("Thanks")
    page.get_by_role("button", name="Insert").click()
    expect(page.get_by_label("Reply by e-mail")).to_have_value("Quick answer:\n\nThank you.")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("button", name="No reply needed").click()
    expect(page.get_by_label("Reply by e-mail")).to_have_value("Quick answer:\n\nThank you.")
    assert asked == ["beforeunload"]
    request.refresh_from_db()
    assert request.is_waiting
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_role("list", name="Conversation")).to_contain_text("Quick answer:")
    assert len(asked) == 1


def test_later_requests_of_a_spam_sender_are_spam(page: Page, open_page: OpenPage, portal: str, cast: Cast, clean_cache: None) -> None:
    request = ContactRequestFactory(agency=cast.alder, company="Rank One", email="offers@rank-one.example")
    signed_in(page, portal, cast.stan)
    page.goto(f"{portal}{request.get_absolute_url()}")
    page.locator(".page-menu > summary").click()
    page.get_by_role("button", name="Mark as spam").click()
    expect(page.get_by_role("main")).to_contain_text("Messages from this sender go to spam")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".inbox-subtitle")).to_contain_text("open")
    page.locator(".page-menu > summary").click()
    page.get_by_role("button", name="Mark as spam").click()
    expect(page.get_by_role("main")).to_contain_text("Messages from this sender go to spam")

    write(open_page(), portal, name="Rob", company="", email="Offers+2@rank-one.example", message="Still page one!")
    page.goto(f"{portal}/requests/")
    expect(page.get_by_role("main")).to_contain_text("No one is waiting for a reply")
    page.get_by_role("link", name="Spam").click()
    expect(page.get_by_role("main")).to_contain_text("Still page one!")
    assert not ContactRequest.objects.exclude(status="spam").exists()


def test_form_accepts_an_address_with_a_sharp_s(page: Page, portal: str, cast: Cast, mail_server: Sink, clean_cache: None) -> None:
    """Chromium changes it to “gross-x” in an input of the type “email”, and cuts text off at `maxlength`."""
    pasted = f"{'A very long name, ' * 15}<info@groß-x.example>"
    write(page, portal, name="Ute Größe", company="Groß", email=pasted, message="We need a shop for flour.")
    assert ContactRequest.objects.get().email == "info@groß-x.example"
    assert mail_server.wait_for("info@xn--gro-x-nqa.example", seconds=30).message["Subject"] == "Alder Web has received your message"
