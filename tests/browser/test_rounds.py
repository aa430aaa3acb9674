"""A review round: planned, previewed, a customer excluded by hand, started, paused and stopped."""

from playwright.sync_api import Page, expect

from reviews.models import ReviewRound
from tests.browser.conftest import sign_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory


def test_a_manager_plans_starts_pauses_and_stops_a_round(page: Page, portal: str, cast: Cast) -> None:
    for name in ("Adler AG", "Bach GmbH", "Cramer KG"):
        CustomerFactory(agency=cast.alder, company=name)
    CustomerFactory(agency=cast.alder, company="Silent & Sons", email="")
    sign_in(page, portal, "max@alder.example")
    page.goto(f"{portal}/company/reviews/")
    page.get_by_role("link", name="Rounds").click()
    page.get_by_role("link", name="New round").click()
    page.get_by_label("Name").fill("Spring")
    page.get_by_label("Requests per day").fill("0")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Requests per day")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Requests per day").fill("1")
    page.get_by_role("button", name="Continue").click()

    start = page.get_by_role("button", name="Start: request 3 reviews")
    expect(start).to_be_visible()
    page.get_by_role("link", name="No e-mail address 1").click()
    expect(page.get_by_role("link", name="Silent & Sons")).to_be_visible()
    page.get_by_role("link", name="Will be asked 3").click()
    page.get_by_role("row", name="Bach GmbH").get_by_role("checkbox").check()
    page.get_by_role("button", name="Exclude selected customers").click()
    expect(page.get_by_text("1 customer excluded.")).to_be_visible()
    page.get_by_role("button", name="Start: request 2 reviews").click()
    expect(page.get_by_text("Round started.")).to_be_visible()
    expect(page.get_by_text("of 2 requests sent")).to_be_visible()

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Round paused. No requests are sent until you resume it.")).to_be_visible()
    page.get_by_role("link", name="Stop").click()
    expect(page.get_by_text("who are still waiting won’t be asked")).to_be_visible()
    page.get_by_role("button", name="Stop round").click()
    expect(page.get_by_text("Round stopped.")).to_be_visible()
    review_round = ReviewRound.objects.get()
    assert (review_round.status, review_round.started_by, review_round.excluded) == ("stopped", cast.max, 1)
