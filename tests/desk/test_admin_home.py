"""Start page of the Django admin: lists of what needs a decision or help, and figures of the network."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.agencies.models import Agency, Membership
from partnerportal.agencies.queries import without_owner
from partnerportal.desk import admin_home
from partnerportal.desk.admin_home import NetworkMonths, WorkList, network_months
from partnerportal.network.models import PartnerProfile
from partnerportal.network.services.profiles import submit_profile
from partnerportal.outbox.models import OutgoingMail
from reviews.models import RequestMonth, ReviewMonth, ReviewReport
from reviews.services.reviews import report_review
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory
from tests.factories.outbox import MailFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada)
    return client


def lists(client: Client) -> dict[str, WorkList]:
    return {found.title: found for found in client.get("/admin/").context["lists"]}


def report(cast: Cast, days: int = 0) -> ReviewReport:
    found = report_review(ReviewFactory(review_request__customer__agency=cast.alder), reason="other", details="…", by=cast.alice)
    ReviewReport.objects.filter(pk=found.pk).update(created_at=timezone.now() - timedelta(days=days))
    return found


def test_submitted_profiles_are_listed_oldest_first_with_their_age(ada: Client, cast: Cast) -> None:
    for agency, days in ((cast.alder, 3), (cast.birch, 9)):
        PartnerProfile.objects.filter(agency=agency).update(status="draft")
        with time_machine.travel(timezone.now() - timedelta(days=days)):
            submit_profile(PartnerProfile.objects.get(agency=agency), by=cast.alice)
    # A later change isn't a later submission.
    PartnerProfile.objects.get(agency=cast.birch).save()
    found = lists(ada)["Registrations"]
    # timesince() counts weeks.
    assert [(item.label, item.age) for item in found.items] == [(str(cast.birch), "1\xa0week"), (str(cast.alder), "3\xa0days")]
    assert found.items[0].url == f"/admin/network/partnerprofile/{cast.birch.profile.pk}/change/"
    assert {profile.agency for profile in ada.get(found.url).context["cl"].result_list} == {cast.alder, cast.birch}


def test_open_reports_are_listed_oldest_first(ada: Client, cast: Cast) -> None:
    newer, older = report(cast, days=1), report(cast, days=2)
    decided = report(cast, days=5)
    ReviewReport.objects.filter(pk=decided.pk).update(state="dismissed", decided_at=timezone.now())
    found = lists(ada)["Reported reviews"]
    assert [item.url for item in found.items] == [f"/admin/reviews/reviewreport/{pk}/change/" for pk in (older.pk, newer.pk)]
    assert [item.note for item in found.items] == ["Other reason", "Other reason"]


def test_failed_emails_are_listed_until_they_are_seen(ada: Client, cast: Cast) -> None:
    OutgoingMail.objects.all().delete()
    for number, values in enumerate(({"status": "failed"}, {"status": "failed", "seen_at": timezone.now()}, {"status": "queued"})):
        OutgoingMail.objects.filter(pk=MailFactory(to=f"number{number}@client.example").pk).update(last_error="550 no such user", **values)
    found = lists(ada)["Failed e-mails"]
    assert [(item.label, item.note) for item in found.items] == [("number0@client.example", "550 no such user")]
    assert [mail.to_email for mail in ada.get(found.url).context["cl"].result_list] == ["number0@client.example"]


def test_agencies_without_owner_are_listed(ada: Client, cast: Cast) -> None:
    lonely, invited = AgencyFactory(name="Lonely"), AgencyFactory(name="Only staff")
    for agency in (lonely, invited):
        Membership.objects.filter(agency=agency).delete()
    Membership.objects.create(agency=invited, user=UserFactory(), role="staff")
    found = lists(ada)["Agencies without an owner"]
    assert [item.label for item in found.items] == ["Lonely", "Only staff"]
    assert set(ada.get(found.url).context["cl"].result_list) == {lonely, invited}
    assert set(without_owner(Agency.objects.all())) == {lonely, invited}


def test_empty_lists_say_so(ada: Client, cast: Cast) -> None:
    OutgoingMail.objects.all().delete()
    page = ada.get("/admin/").content.decode()
    for text in ("No submitted profiles.", "No open reports.", "No failed e-mails.", "Every agency has an owner."):
        assert text in page


def test_long_lists_link_to_all(ada: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_home, "SHOWN", 2)
    for number in range(3):
        report(cast, days=number)
    response = ada.get("/admin/")
    found = {found.title: found for found in response.context["lists"]}["Reported reviews"]
    assert (len(found.items), found.has_more) == (2, True)
    assert re.search(r'<a href="/admin/reviews/reviewreport/">Show all<span class="visually-hidden">', response.content.decode())


@pytest.mark.parametrize(
    ("permission", "titles"),
    [
        ("change_partnerprofile", ["Registrations"]),
        ("change_reviewreport", ["Reported reviews"]),
        ("change_outgoingmail", ["Failed e-mails"]),
        ("change_agency", ["Agencies without an owner"]),
        ("view_agency", []),
    ],
)
def test_administrators_see_what_they_have_permission_for(cast: Cast, permission: str, titles: list[str]) -> None:
    helper = UserFactory(is_staff=True)
    helper.user_permissions.set(Permission.objects.filter(codename=permission))
    client = Client()
    client.force_login(helper)
    response = client.get("/admin/")
    assert [found.title for found in response.context["lists"]] == titles
    assert (response.context["network"] is not None) == (permission == "view_agency")


def shown(found: NetworkMonths) -> list[tuple[int, int, int]]:
    return [(month.agencies, month.requests, month.reviews) for month in found.months]


def test_figures_count_the_objects_of_each_month(cast: Cast) -> None:
    now = timezone.now()
    before = network_months()
    assert len(before.months) == 12
    with time_machine.travel(now - timedelta(days=70)):
        AgencyFactory()
        ReviewRequestFactory(customer__agency=cast.alder)
    ReviewFactory(review_request__customer__agency=cast.birch)
    ReviewFactory(review_request__customer__agency=cast.alder)
    after = network_months()
    difference = {
        month.first: (month.agencies - old.agencies, month.requests - old.requests, month.reviews - old.reviews)
        for month, old in zip(after.months, before.months, strict=True)
    }
    earlier = timezone.localdate(now - timedelta(days=70)).replace(day=1)
    changed = {first: counts for first, counts in difference.items() if any(counts)}
    assert changed[earlier][:2] == (1, 1)
    assert changed[timezone.localdate().replace(day=1)] == (0, 2, 2)
    assert after.totals["reviews"] - before.totals["reviews"] == 2
    assert after.totals["requests"] - before.totals["requests"] == 3


def test_charts_are_relative_to_the_highest_month() -> None:
    months = [admin_home.MonthFigures(date(2026, number, 1), number * 10, 0, 0) for number in (1, 2)]
    chart, empty, _reviews = NetworkMonths(months).charts
    assert [column[1:] for column in chart.columns] == [(10, 50), (20, 100)]
    assert [column[1:] for column in empty.columns] == [(0, 0), (0, 0)]


def test_every_number_of_the_charts_is_in_the_table(ada: Client, cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder)
    page = ada.get("/admin/").content.decode()
    table = re.search(r"<summary>Show as a table</summary>(.*?)</details>", page, re.DOTALL)
    assert table is not None
    assert len(re.findall(r"<th scope=\"row\">", table[1])) == 12
    assert page.count('class="column-bar"') == 36
    assert " style=" not in page[page.index('class="home-lists"') : page.index("</details>")]


def test_figures_read_no_reviews_and_no_requests(ada: Client, cast: Cast) -> None:
    """They would take seconds with a million of them."""
    with CaptureQueriesContext(connection) as captured:
        network_months()
    tables = {table for query in captured for table in re.findall(r'FROM "(\w+)"', query["sql"])}
    assert tables == {"agencies_agency", ReviewMonth._meta.db_table, RequestMonth._meta.db_table, "reviews_ratingsummary"}
    assert len(captured) <= 5


def test_the_number_of_queries_is_independent_of_the_data(ada: Client, cast: Cast, django_assert_max_num_queries: Any) -> None:
    with CaptureQueriesContext(connection) as captured:
        ada.get("/admin/")
    for number in range(3):
        report(cast, days=number)
        OutgoingMail.objects.filter(pk=MailFactory().pk).update(status="failed")
        AgencyFactory()
        PartnerProfile.objects.filter(agency=(cast.alder, cast.birch)[number % 2]).update(status="submitted")
    with django_assert_max_num_queries(len(captured)):
        ada.get("/admin/")
