"""A profile is edited, submitted, registered by an admin and found in the directory."""

from pathlib import Path

from playwright.sync_api import Page, expect

from partnerportal.network.models import PartnerProfile
from tests.browser.conftest import sign_in, signed_in
from tests.cast import Cast
from tests.factories.agencies import ServiceFactory, picture
from tests.smtp import Sink


def test_profile_is_registered_and_found(page: Page, portal: str, cast: Cast, mail_server: Sink, tmp_path: Path) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).update(
        status="draft", registered_at=None, tagline="", description="", city="", privacy_url=""
    )
    ServiceFactory(name_en="Online shops for mills")
    logo = tmp_path / "logo.png"
    logo.write_bytes(picture(size=(900, 900), colour="teal").read())

    sign_in(page, portal, "max@alder.example")
    page.get_by_role("navigation").get_by_role("link", name="Profile").click()
    expect(page.get_by_text("You can submit it once all required items are complete")).to_be_visible()
    # Each line of the checklist links to its field.
    page.get_by_role("link", name="Add a tagline").click()
    expect(page.get_by_label("Tagline")).to_be_in_viewport()
    page.get_by_label("Tagline").fill("Shops that grind finely.")
    page.get_by_label("Description").fill("We know flour.\n\nAnd we know the web.")
    page.get_by_label("Logo", exact=True).set_input_files(logo)
    page.get_by_label("Online shops for mills").check()
    page.get_by_label("City").fill("Görlitz")
    page.get_by_label("Founded").fill("2011")
    page.get_by_label("Team").select_option(label="6 to 10 people")
    page.get_by_label("Privacy policy").fill("alder.example/privacy")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Profile saved.")).to_be_visible()

    page.get_by_role("link", name="Preview").click()
    expect(page.get_by_role("main")).to_contain_text("Shops that grind finely.")
    assert page.locator("img.logo").first.evaluate("image => image.naturalWidth") == 512
    page.get_by_role("link", name="Back to editing").click()
    page.get_by_role("button", name="Submit for registration").click()
    expect(page.get_by_text("Profile submitted.")).to_be_visible()

    signed_in(page, portal, cast.ada)
    page.goto(f"{portal}/admin/network/partnerprofile/?status__exact=submitted")
    page.get_by_label("Select this object for an action").check()
    page.locator("select[name=action]").select_option(label="Register in the partner network")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("Decision saved for 1 profile.")).to_be_visible()
    mail = mail_server.wait_for("max@alder.example", seconds=30)
    assert f"{portal}/partners/alder/" in mail.part("plain")

    page.context.clear_cookies()
    page.goto(f"{portal}/partners/")
    page.get_by_role("searchbox").fill("gorlitz mills")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1 agency")).to_be_visible()
    page.get_by_role("link", name="Alder Web").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alder Web")
    expect(page.get_by_role("complementary")).to_contain_text("2011")


def test_the_bar_never_covers_what_gets_the_focus(page: Page, portal: str, cast: Cast) -> None:
    PartnerProfile.objects.filter(agency=cast.alder).update(website="https://alder.example", description="We know flour.\n\n" * 9)
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(f"{portal}/partners/alder/")
    link, bar = page.get_by_role("link", name="alder.example"), page.locator(".profile-bar")
    top = "element => element.getBoundingClientRect().top"
    page.evaluate("distance => scrollBy(0, distance)", link.evaluate(top) - bar.evaluate(top))
    assert link.evaluate(top) >= bar.evaluate(top) - 1  # covered
    link.focus()
    page.wait_for_function("""() => {
        const bar = document.querySelector(".profile-bar");
        return document.activeElement.getBoundingClientRect().bottom <= bar.getBoundingClientRect().top;
    }""")
