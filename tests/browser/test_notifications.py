"""A member chooses what they are notified about, and reads their digest."""

import re
from datetime import UTC, datetime

from django.utils import timezone
from playwright.sync_api import Page, expect

from partnerportal.agencies.models import Membership
from partnerportal.core.pending import day_in
from partnerportal.desk.digest.services import send_due_digests
from tests.browser.conftest import OpenPage, sign_in
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, TaskFactory
from tests.smtp import Sink


def test_member_chooses_notifications_with_the_keyboard(page: Page, portal: str, cast: Cast) -> None:
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}/account/notices/")
    reviews = page.get_by_role("radiogroup", name="New reviews", exact=True)
    expect(reviews.get_by_role("radio", name="Digest")).to_be_checked()
    reviews.get_by_role("radio", name="Digest").focus()
    page.keyboard.press("ArrowLeft")
    expect(reviews.get_by_role("radio", name="Immediately")).to_be_checked()
    page.get_by_role("radiogroup", name="Tasks assigned to me").get_by_role("radio", name="Off").check()
    page.get_by_label("Time").select_option("17")
    page.get_by_role("checkbox", name="Fri").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Notification settings saved.")).to_be_visible()
    expect(reviews.get_by_role("radio", name="Immediately")).to_be_checked()
    member = Membership.objects.get(user=cast.stan)
    assert (member.chosen_modes, member.digest_hour, member.digest_days) == ({"reviews": "now", "tasks": "off"}, 17, [1, 2, 3, 4])


def test_member_reads_a_digest_and_unsubscribes(page: Page, open_page: OpenPage, portal: str, cast: Cast, mail_server: Sink) -> None:
    member = Membership.objects.select_related("user", "agency").get(user=cast.stan)
    Membership.objects.filter(pk=member.pk).update(
        digest_hour=0, digest_days=[1, 2, 3, 4, 5, 6, 7], digest_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    today = day_in(member.time_zone, timezone.now())
    task = TaskFactory(customer=CustomerFactory(agency=cast.alder), title="Renew the certificate", due_on=today, assignee=cast.stan)
    list(send_due_digests())
    digest = mail_server.wait_for("stan@alder.example", seconds=30)
    text = digest.part("plain")
    assert "1 due today" in text and "Renew the certificate" in text

    link = re.search(rf"/tasks/{task.pk}/edit/", text)
    assert link
    sign_in(page, portal, "stan@alder.example")
    page.goto(f"{portal}{link.group()}")
    expect(page.get_by_label("Title")).to_have_value("Renew the certificate")

    stop = re.search(r"/r/digest/\S+", text)
    assert stop and stop.group() in str(digest.message["List-Unsubscribe"])
    visitor = open_page()
    visitor.goto(f"{portal}{stop.group()}")
    visitor.get_by_role("button", name="Unsubscribe").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("You’ve unsubscribed")
    assert not Membership.objects.get(user=cast.stan).wants_digest
