"""Expiry of links and invitations at the end of a day in the agency's time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from invitations.services.access_requests import request_access
from invitations.services.invitations import give_access
from partnerportal.agencies.models import Agency, Role
from partnerportal.agencies.services.team_invitations import invite
from partnerportal.core.pending import end_of_day_in
from partnerportal.outbox.models import OutgoingMail
from reviews.models import ReviewRequest
from reviews.services.requests import remind_due, replace_link, request_review
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

FAR_ZONES = ["Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"]
MORNING = datetime(2026, 11, 28, 8, 2, tzinfo=UTC)


def move_to(agency: Agency, zone: str) -> None:
    agency.time_zone = zone
    agency.save()


@pytest.mark.parametrize(
    ("zone", "since", "days", "last_moment"),
    [
        ("Europe/Berlin", "2026-11-28T09:02", 90, "2027-02-26T22:59:59.999999"),
        # It is already 29 November there.
        ("Pacific/Kiritimati", "2026-11-28T10:00", 90, "2027-02-27T09:59:59.999999"),
        # It is still 27 November there.
        ("America/Los_Angeles", "2026-11-28T07:59", 90, "2027-02-26T07:59:59.999999"),
        # Daylight saving time begins within the term, and on its last day.
        ("Europe/Berlin", "2027-03-01T12:00", 30, "2027-03-31T21:59:59.999999"),
        ("Europe/Berlin", "2027-03-27T12:00", 1, "2027-03-28T21:59:59.999999"),
        # Daylight saving time ends on the last day, which has 25 hours.
        ("Europe/Berlin", "2026-10-24T12:00", 1, "2026-10-25T22:59:59.999999"),
        # Clocks go from 24:00 to 1:00 (6 September 2026), and from 24:00 back to 23:00 (4 April 2026).
        ("America/Santiago", "2026-09-04T12:00", 1, "2026-09-06T03:59:59.999999"),
        ("America/Santiago", "2026-04-03T12:00", 1, "2026-04-05T03:59:59.999999"),
    ],
)
def test_the_last_moment_of_a_day(zone: str, since: str, days: int, last_moment: str) -> None:
    end = end_of_day_in(zone, days, since=datetime.fromisoformat(since).replace(tzinfo=UTC))
    assert end == datetime.fromisoformat(last_moment).replace(tzinfo=UTC)
    tomorrow = (end + timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    assert tomorrow - end.astimezone(ZoneInfo(zone)).date() == timedelta(days=1)


@pytest.mark.parametrize("zone", FAR_ZONES)
def test_review_link_is_valid_until_the_end_of_the_displayed_day(cast: Cast, alice: Client, zone: str) -> None:
    move_to(cast.alder, zone)
    # The user is in another time zone.
    cast.alice.time_zone = "Pacific/Kiritimati" if zone != "Pacific/Kiritimati" else "America/Los_Angeles"
    cast.alice.language = "en"
    cast.alice.save()
    customer = CustomerFactory(agency=cast.alder, email="lea@clients.example", language="en")
    with time_machine.travel(MORNING, tick=False) as clock:
        review_request = request_review(customer=customer, project=None, by=cast.alice, by_mail=True)
        day = MORNING.astimezone(ZoneInfo(zone)).date() + timedelta(days=90)
        named = f"{day.day} February 2027"
        assert named in OutgoingMail.objects.get().text
        browser = Client()
        browser.force_login(cast.alice)
        for page in (f"/company/reviews/requests/{review_request.pk}/", "/company/reviews/requests/"):
            assert named in browser.get(page).content.decode(), page
        assert f"expires {day.day} Feb 2027" in browser.get("/dashboard/").content.decode()

        last_second = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZoneInfo(zone))
        path = "/r/" + (review_request.link or "").rpartition("/r/")[2]
        clock.move_to(last_second)
        assert Client().get(path).status_code == 200
        clock.move_to(last_second + timedelta(seconds=1))
        assert Client().get(path).status_code == 410


def test_reminder_and_new_link_show_their_last_day(cast: Cast) -> None:
    move_to(cast.alder, "Pacific/Kiritimati")
    customer = CustomerFactory(agency=cast.alder, email="lea@clients.example", language="en")
    with time_machine.travel(datetime(2026, 11, 28, 10, 30, tzinfo=UTC), tick=False) as clock:
        review_request = request_review(customer=customer, project=None, by=cast.alice, by_mail=True)
        clock.shift(timedelta(days=8))
        assert remind_due() == 1
        reminder = OutgoingMail.objects.get(kind="review_reminder").text
        # Requested on the 29th in the agency's time zone.
        assert "29 November 2026" in reminder
        assert "27 February 2027" in reminder
        assert str(replace_link(review_request, by=cast.alice).valid_until) == "2027-03-07"


@pytest.mark.parametrize("zone", FAR_ZONES)
def test_invitations_are_valid_until_the_end_of_the_displayed_day(cast: Cast, zone: str) -> None:
    move_to(cast.alder, zone)
    cast.alice.language = "en"
    cast.alice.save()
    customer = CustomerFactory(agency=cast.alder, email="lea@clients.example", language="en")
    with time_machine.travel(MORNING, tick=False) as clock:
        given = give_access(agency=cast.alder, client=cast.kim, scope="full", areas=[], name="Kim", language="en")
        access_request = request_access(customer=customer, email=customer.email, scope="full", areas=[], message="", by=cast.alice)
        invited = invite(cast.alder, email="new@people.example", role=Role.STAFF, by=cast.alice)
        today = MORNING.astimezone(ZoneInfo(zone)).date()
        for row, days, kind in ((given, 30, "access_given"), (access_request, 30, "access_request"), (invited, 7, "team_invitation")):
            day = today + timedelta(days=days)
            assert row.valid_until == day
            assert f"{day.day} December 2026" in OutgoingMail.objects.get(kind=kind).text, kind
            last_second = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZoneInfo(zone))
            for moment, waiting in ((last_second, True), (last_second + timedelta(seconds=1), False)):
                clock.move_to(moment)
                assert type(row).objects.pending().filter(pk=row.pk).exists() == waiting, (kind, moment)
                assert (row.current_status == "pending") == waiting


def test_bulk_created_rows_expire(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    (review_request,) = ReviewRequest.objects.bulk_create([ReviewRequest(agency=cast.alder, customer=customer, token_digest="x")])
    assert review_request.expires_at == end_of_day_in(cast.alder.time_zone, 90)
