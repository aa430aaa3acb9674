"""A morning at the dashboard: a task done and undone in place, a domain renewed in the dialog and undone."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import Domain, Task
from customers.terms import months_later
from reviews.models import ReviewRequest
from tests.browser.conftest import sign_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, DomainFactory, TaskFactory
from tests.factories.reviews import ReviewRequestFactory


def test_a_morning_at_the_dashboard(page: Page, portal: str, cast: Cast) -> None:
    customer, today = CustomerFactory(agency=cast.alder, company="Mill & Sons"), timezone.localdate()
    TaskFactory(customer=customer, title="Call about the flour", due_on=today - timedelta(days=2), assignee=cast.stan)
    DomainFactory(customer=customer, name="mill.example", expires_on=today - timedelta(days=4))
    mailed = timezone.now() - timedelta(days=3)
    ReviewRequestFactory(customer__agency=cast.alder, customer__company="Oak & Co", customer__email="lea@oak.example", mailed_at=mailed)
    sign_in(page, portal, "stan@alder.example")
    overdue = page.get_by_role("region", name="Overdue")
    expect(overdue.get_by_role("listitem").first).to_contain_text("4 days ago")

    # In place, with the keyboard: the focus stays on the row's button.
    done = overdue.get_by_role("button", name="Done : Call about the flour")
    done.focus()
    page.keyboard.press("Enter")
    undo = overdue.get_by_role("button", name="Undo : Call about the flour")
    expect(undo).to_be_focused()
    expect(page.locator("#live")).to_have_text("“Call about the flour” marked as done.")
    assert Task.objects.get().is_done
    page.keyboard.press("Enter")
    expect(overdue.get_by_role("button", name="Done : Call about the flour")).to_be_focused()
    assert not Task.objects.get().is_done

    # The question comes first, then the row changes without its button.
    page.get_by_role("button", name="Remind : Oak & Co").click()
    page.get_by_role("dialog", name="Remind").get_by_role("button", name="Remind").click()
    expect(page.locator("#live")).to_have_text("Review request sent to lea@oak.example.")
    expect(page.get_by_role("link", name="Oak & Co")).to_be_focused()
    expect(page.get_by_text("reminded", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Remind : Oak & Co")).to_have_count(0)
    assert timezone.localdate(ReviewRequest.objects.get().mailed_at) == today

    # G and a letter, unless it is turned off in the search.
    page.keyboard.type("gt")
    expect(page).to_have_url(f"{portal}/tasks/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Request review")).to_be_visible()
    page.get_by_label("G and a letter open pages").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.type("gc")
    page.keyboard.press("Control+k")
    page.get_by_label("G and a letter open pages").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{portal}/tasks/")

    page.goto(f"{portal}/dashboard/?whose=mine")
    expect(page.get_by_role("link", name="mill.example", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Everyone’s").click()
    page.get_by_role("link", name="Renew… : mill.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Renew").click()
    expect(page.get_by_text("mill.example renewed until")).to_be_visible()
    expect(page).to_have_url(f"{portal}/dashboard/")
    expect(page.get_by_role("link", name="mill.example", exact=True)).to_have_count(0)
    assert Domain.objects.get().expires_on == months_later(today - timedelta(days=4), 12)

    # Undone, and renewed in the list.
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Renewal undone: mill.example has the date")).to_be_visible()
    expect(page.get_by_role("link", name="mill.example", exact=True)).to_have_count(1)
    page.goto(f"{portal}/domains/")
    page.locator("summary", has_text="More actions for mill.example").click()
    page.get_by_role("button", name="Renew", exact=True).click()
    expect(page.get_by_text("mill.example renewed until")).to_be_visible()
    expect(page).to_have_url(f"{portal}/domains/")
    assert Domain.objects.get().expires_on == months_later(today - timedelta(days=4), 12)
    page.goto(f"{portal}/dashboard/")

    for width in (320, 360, 768, 992, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
