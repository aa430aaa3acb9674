"""Managing reviews, and deciding a reported one."""

import pytest
from playwright.sync_api import Locator, Page, expect

from reviews.models import Review
from tests.browser.conftest import OpenPage, signed_in
from tests.cast import Cast
from tests.factories.customers import ProjectFactory
from tests.factories.reviews import ReviewFactory, same_rating


def a_review(cast: Cast, title: str, stars: int = 5, text: str = "They did what they said.") -> Review:
    project = ProjectFactory(customer__agency=cast.alder, title=title)
    ratings = same_rating(stars)
    return ReviewFactory(review_request__customer=project.customer, review_request__project=project, text=text, **ratings)


def card(page: Page, title: str) -> Locator:
    return page.locator(".review, .quote").filter(has=page.get_by_role("heading", name=title, exact=True))


def choose(page: Page, title: str, action: str) -> None:
    """Select an action from the review's menu."""
    dots = card(page, title)
    dots.locator(".menu > summary").click()
    dots.get_by_text(action, exact=True).click()


def test_owner_pins_five_reviews_and_replaces_one(page: Page, portal: str, cast: Cast) -> None:
    for number in range(1, 7):
        a_review(cast, f"Project {number}")
    signed_in(page, portal, cast.max)
    page.goto(f"{portal}/partners/alder/")
    for number in range(1, 6):
        choose(page, f"Project {number}", "Pin review to top")
        expect(card(page, f"Project {number}").get_by_text("pinned", exact=True)).to_be_visible()
    # In another tab, because the browser logs “409 Conflict” to the console, which the page fixture rejects.
    other = page.context.new_page()
    other.goto(f"{portal}/partners/alder/")
    choose(other, "Project 6", "Pin review to top")
    expect(other.get_by_role("heading", level=1)).to_have_text("You’ve already pinned five reviews")
    other.get_by_role("button", name="Unpin Project 2").click()
    expect(other).to_have_url(f"{portal}/partners/alder/#review-{Review.objects.latest('pk').pk}")
    highlighted = other.get_by_role("region", name="Highlighted by the agency").locator(".review-title")
    expect(highlighted).to_have_text(["Project 1", "Project 6", "Project 3", "Project 4", "Project 5"])
    choose(other, "Project 6", "Move up")
    expect(highlighted).to_have_text(["Project 6", "Project 1", "Project 3", "Project 4", "Project 5"])


def test_profile_shows_the_comment_and_the_number_of_hidden_reviews(page: Page, open_page: OpenPage, portal: str, cast: Cast) -> None:
    a_review(cast, "Relaunch")
    a_review(cast, "Old logo", stars=2, text="It took for ever.")
    signed_in(page, portal, cast.max)
    page.goto(f"{portal}/company/reviews/")
    choose(page, "Relaunch", "Comment")
    dialog = page.get_by_role("dialog", name="Comment on this review")
    expect(dialog).to_contain_text("You can comment only once.")
    dialog.get_by_label("Comment").fill("Thank you for your trust.")
    dialog.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("dialog", name="Preview of your comment")
    expect(preview).to_contain_text("Reply from Alder Web")
    back = preview.get_by_role("button", name="Back to editing")
    # Pressing Enter twice publishes nothing.
    expect(back).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Comment")).to_have_value("Thank you for your trust.")
    dialog.get_by_role("button", name="Reply").click()
    expect(card(page, "Relaunch")).to_contain_text("Thank you for your trust.")
    expect(card(page, "Relaunch")).not_to_contain_text("draft reply")
    card(page, "Relaunch").locator(".menu > summary").click()
    expect(card(page, "Relaunch").get_by_text("Comment", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")

    choose(page, "Old logo", "Hide review")
    page.get_by_role("dialog").get_by_label("It’s outdated").check()
    page.get_by_role("dialog").get_by_role("button", name="Hide review").click()
    expect(card(page, "Old logo").get_by_text("hidden", exact=True)).to_be_visible()

    stranger = open_page()
    stranger.goto(f"{portal}/partners/alder/")
    profile = stranger.get_by_role("main")
    expect(profile).to_contain_text("1 review is hidden by the agency, but its stars still count.")
    expect(profile).to_contain_text("Thank you for your trust.")
    expect(profile).not_to_contain_text("It took for ever.")
    expect(stranger.locator(".rating-figure")).to_have_text("3.5")


def test_upheld_report_changes_the_average(page: Page, portal: str, cast: Cast) -> None:
    a_review(cast, "Relaunch", stars=5)
    a_review(cast, "Never happened", stars=1, text="Crooks!")
    signed_in(page, portal, cast.max)
    page.goto(f"{portal}/partners/alder/")
    expect(page.locator(".rating-figure")).to_have_text("3.0")
    choose(page, "Never happened", "Report offensive review")
    page.get_by_label("Reason").select_option("not_genuine")
    page.get_by_label("Details").fill("There was no such project.")
    page.get_by_role("button", name="Report", exact=True).click()
    expect(card(page, "Never happened").get_by_text("under review")).to_be_visible()

    page.context.clear_cookies()
    signed_in(page, portal, cast.ada)
    page.goto(f"{portal}/admin/reviews/reviewreport/")
    page.locator("#result_list tbody a").first.click()
    main = page.locator("#content")
    expect(main).to_contain_text("There was no such project.")
    expect(main).to_contain_text("Crooks!")
    page.get_by_label("Reason").fill("Nobody ordered it.")
    page.get_by_role("button", name="Uphold: remove review").click()
    expect(page.locator(".messagelist")).to_contain_text("Report upheld.")

    page.context.clear_cookies()
    page.goto(f"{portal}/partners/alder/")
    expect(page.locator(".rating-figure")).to_have_text("5.0")
    expect(page.get_by_role("main")).not_to_contain_text("Crooks!")


def test_load_more_appends_reviews_and_keeps_the_focus(page: Page, portal: str, cast: Cast) -> None:
    for number in range(25):
        a_review(cast, f"Project {number}")
    page.goto(f"{portal}/partners/alder/")
    expect(page.locator(".quote")).to_have_count(10)
    more = page.get_by_role("link", name="Load more")
    more.press("Enter")
    expect(page.locator(".quote")).to_have_count(20)
    expect(more).to_be_focused()
    more.click()
    expect(page.locator(".quote")).to_have_count(25)
    expect(more).to_have_count(0)
    assert len(set(page.locator(".review-title").all_inner_texts())) == 25


@pytest.mark.parametrize("project", ["Project 12", "Project 1"], ids=["on the first page", "loaded later"])
def test_menu_of_a_review_opens_a_dialog_on_a_long_profile(page: Page, portal: str, cast: Cast, project: str) -> None:
    for number in range(1, 13):
        a_review(cast, f"Project {number}")
    signed_in(page, portal, cast.max)

    def dialog(action: str) -> Locator:
        page.goto(f"{portal}/partners/alder/")
        if project == "Project 1":
            page.get_by_role("link", name="Load more").click()
        choose(page, project, action)
        opened = page.get_by_role("dialog")
        expect(opened).to_contain_text(project)
        return opened

    comment = dialog("Comment")
    comment.get_by_label("Comment").fill("Thank you for your trust.")
    comment.get_by_role("button", name="Reply").click()
    expect(card(page, project)).to_contain_text("Thank you for your trust.")

    report = dialog("Report offensive review")
    report.get_by_role("button", name="Report", exact=True).click()
    expect(report.get_by_role("alert")).to_be_focused()
    report.get_by_label("Reason").select_option("other")
    report.get_by_label("Details").fill("There was no such project.")
    report.get_by_role("button", name="Report", exact=True).click()
    expect(card(page, project).get_by_text("under review", exact=True)).to_be_visible()

    hide = dialog("Hide review")
    hide.get_by_label("It’s outdated").check()
    hide.get_by_role("button", name="Hide review").click()
    expect(card(page, project).get_by_text("hidden", exact=True)).to_be_visible()


def test_dialog_closes_if_the_address_names_a_review(page: Page, portal: str, cast: Cast) -> None:
    review = a_review(cast, "Relaunch")
    signed_in(page, portal, cast.max)
    page.goto(f"{portal}/company/reviews/#review-{review.pk}")
    choose(page, "Relaunch", "Comment")
    page.get_by_role("dialog").get_by_label("Comment").fill("Thank you for your trust.")
    page.get_by_role("dialog").get_by_role("button", name="Reply").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(card(page, "Relaunch")).to_contain_text("Thank you for your trust.")
