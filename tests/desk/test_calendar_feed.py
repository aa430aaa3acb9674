"""The calendar feed (`/feed/<token>/calendar.ics`) as a calendar program reads it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from icalendar import Calendar, Event

from customers.models import Contract, Customer
from customers.services.customers import archive_customer, erase_customer
from customers.services.items import complete_task, update_item
from invitations.models import Term
from invitations.services.invitations import revoke_access
from invitations.services.terms import extend_access
from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.team import leave, remove_member
from partnerportal.desk.calendar import views
from partnerportal.desk.calendar.models import CalendarFeed
from partnerportal.desk.calendar.services import end_feed, replace_link, save_feed
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.invitations import ConnectedFactory

#: Longer than a line, with every character that has a meaning in iCalendar, and characters of two and four bytes.
ODD = "Größe, Länge; Gewicht: „ätsch“ \\ 100 % 🚲 und eine Donaudampfschifffahrtsgesellschaftskapitänsmützenschleife 🎉"


def member_of(cast: Cast, person: Any) -> Membership:
    return cast.alder.memberships.select_related("agency", "user").get(user=person)


def path_of(cast: Cast, person: Any, whose: str = "all") -> str:
    """Return the path of a person's feed, which is created if necessary."""
    member = member_of(cast, person)
    save_feed(member, whose=whose)
    link = CalendarFeed.objects.get(member=member).link
    assert link
    return "/" + link.split("/", 3)[3]


def read(path: str, **headers: str) -> Any:
    """Request a feed without a session."""
    return Client(headers=headers).get(path)


def body(path: str) -> bytes:
    response = read(path)
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def events(path: str) -> dict[str, Event]:
    """Return the events by the first part of their UIDs."""
    calendar: Any = Calendar.from_ical(body(path))
    found = {str(event["UID"]).partition("@")[0]: event for event in calendar.walk("VEVENT")}
    assert len(found) == len(calendar.walk("VEVENT"))
    return found


def summaries(path: str) -> list[str]:
    return [str(event["SUMMARY"]) for event in events(path).values()]


def days(number: int) -> date:
    return timezone.localdate() + timedelta(days=number)


@pytest.fixture
def customer(cast: Cast) -> Customer:
    customer: Customer = CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH")
    return customer


@pytest.fixture
def items(cast: Cast, customer: Customer) -> dict[str, Any]:
    """One object of each kind."""
    return {
        "task": TaskFactory(customer=customer, title="Call back", due_on=days(3)),
        "project": ProjectFactory(customer=customer, title="Relaunch", due_on=days(40)),
        "domain": DomainFactory(customer=customer, name="mühle.example", expires_on=days(60)),
        "contract": ContractFactory(customer=customer, product="Care plan", ends_on=days(200), notice_count=3, notice_unit="months"),
        "access": ConnectedFactory(
            agency=cast.alder, customer=customer, client=cast.kim, name="Kim Client", company="", term="month", ends_on=days(20)
        ),
    }


def test_a_feed_is_valid_icalendar(cast: Cast, customer: Customer, items: dict[str, Any]) -> None:
    TaskFactory(customer=customer, title=ODD, due_on=days(1), assignee=cast.stan, priority=1)
    content = body(path_of(cast, cast.alice))
    # RFC 5545, 3.1: lines end with CRLF and have at most 75 octets.
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    for line in content.split(b"\r\n"):
        line.decode()  # No character is divided.
    calendar: Any = Calendar.from_ical(content)
    # 3.6: these are required, each once.
    for name in ("PRODID", "VERSION", "METHOD", "NAME", "X-WR-CALNAME", "REFRESH-INTERVAL"):
        assert len(re.findall(rf"^{name}[:;]".encode(), content, re.MULTILINE)) == 1, name
    assert (calendar["VERSION"], calendar["METHOD"], calendar["X-WR-CALNAME"]) == ("2.0", "PUBLISH", "Alder Web · Due dates")
    for line in (b"REFRESH-INTERVAL;VALUE=DURATION:PT1H", b"X-PUBLISHED-TTL:PT1H"):
        assert line + b"\r\n" in content
    assert calendar.errors == []
    found = calendar.walk("VEVENT")
    # The contract has two.
    assert len(found) == 7
    for event in found:
        assert event.errors == []
        for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "URL", "SEQUENCE", "LAST-MODIFIED"):
            assert event.get(name) is not None and not isinstance(event[name], list), name
        assert event.to_ical().count(b"DTSTAMP:20") == 1
    (odd,) = [event for event in found if ODD in str(event["SUMMARY"])]
    assert str(odd["SUMMARY"]) == f"Task: {ODD} (Müllerei Größe GmbH)"
    assert str(odd["DESCRIPTION"]).splitlines()[:3] == [
        f"Customer: {customer.reference} Müllerei Größe GmbH", "Assigned to: Stan Stein", "Priority: High",
    ]  # fmt: skip


def test_events_are_whole_days_and_link_to_their_objects(cast: Cast, items: dict[str, Any], settings: Any) -> None:
    found = events(path_of(cast, cast.alice))
    contract = Contract.objects.get()
    expected = {
        f"task-{items['task'].pk}": ("Task: Call back", days(3), f"/tasks/{items['task'].pk}/edit/"),
        f"project-{items['project'].pk}": ("Project due: Relaunch", days(40), f"/projects/{items['project'].pk}/edit/"),
        f"domain-{items['domain'].pk}": ("Domain expires: mühle.example", days(60), f"/domains/{items['domain'].pk}/edit/"),
        f"cancel-{contract.pk}": ("Cancel by: Care plan", contract.cancel_by, f"/contracts/{contract.pk}/edit/"),
        f"contract-{contract.pk}": ("Contract ends: Care plan", days(200), f"/contracts/{contract.pk}/edit/"),
        f"access-{items['access'].pk}": ("Access ends: Kim Client", days(20), f"/invitations/{items['access'].pk}/"),
    }
    assert found.keys() == expected.keys()
    for key, (summary, day, path) in expected.items():
        event = found[key]
        assert str(event["SUMMARY"]) == f"{summary} (Müllerei Größe GmbH)"
        assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (day, day + timedelta(days=1))
        assert type(event.decoded("DTSTART")) is date
        assert str(event["URL"]) == f"{settings.SITE_URL}{path}"
        assert str(event["DESCRIPTION"]).endswith(f"\n{event['URL']}")


def test_links_lead_to_the_objects(cast: Cast, alice: Client, items: dict[str, Any], settings: Any) -> None:
    for event in events(path_of(cast, cast.alice)).values():
        assert alice.get(str(event["URL"]).removeprefix(settings.SITE_URL)).status_code == 200


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Adak"])
def test_days_are_the_same_in_every_time_zone(cast: Cast, customer: Customer, zone: str) -> None:
    cast.alice.time_zone = zone
    cast.alice.save()
    TaskFactory(customer=customer, title="Call", due_on=date(2027, 3, 28))
    with time_machine.travel(datetime(2027, 3, 20, 23, 30, tzinfo=UTC), tick=False):
        content = body(path_of(cast, cast.alice))
    assert b"DTSTART;VALUE=DATE:20270328\r\n" in content
    assert b"VTIMEZONE" not in content


def test_a_contract_without_notice_period_has_one_event(cast: Cast, customer: Customer) -> None:
    contract = ContractFactory(customer=customer, product="Care", ends_on=days(30), notice_count=0)
    assert [*events(path_of(cast, cast.alice))] == [f"contract-{contract.pk}"]


def test_an_end_of_access_moves_with_an_extension_and_disappears_with_the_access(cast: Cast, items: dict[str, Any]) -> None:
    given, path = items["access"], path_of(cast, cast.alice)
    before = events(path)[f"access-{given.pk}"]
    extend_access(given, ends_on=days(20), term=Term.QUARTER)
    after = events(path)[f"access-{given.pk}"]
    given.refresh_from_db()
    assert after.decoded("DTSTART") == given.ends_on > before.decoded("DTSTART")
    assert after["SEQUENCE"] > before["SEQUENCE"]
    revoke_access(given)
    assert f"access-{given.pk}" not in events(path)


def test_the_same_object_keeps_its_identifier(cast: Cast, customer: Customer) -> None:
    path = path_of(cast, cast.alice)
    task = TaskFactory(customer=customer, title="Call", due_on=days(3))
    (before,) = events(path).values()
    task.due_on = days(9)
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        update_item(task, changed=["due_on"], by=cast.alice)
    (after,) = events(path).values()
    assert after["UID"] == before["UID"]
    assert after.decoded("DTSTART") == days(9)
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.decoded("LAST-MODIFIED") > before.decoded("LAST-MODIFIED")


def test_identifiers_contain_no_secret(cast: Cast, items: dict[str, Any]) -> None:
    path = path_of(cast, cast.alice)
    before = events(path).keys()
    assert path.split("/")[2] not in body(path).decode()
    replace_link(member_of(cast, cast.alice))
    assert events(path_of(cast, cast.alice)).keys() == before


def test_a_feed_contains_open_dates_of_the_next_two_years(cast: Cast, customer: Customer) -> None:
    path = path_of(cast, cast.alice)
    done = TaskFactory(customer=customer, title="Done", due_on=days(1))
    complete_task(done, by=cast.alice)
    TaskFactory(customer=customer, title="Without date", due_on=None)
    TaskFactory(customer=customer, title="Long ago", due_on=days(-32))
    TaskFactory(customer=customer, title="Last month", due_on=days(-29))
    TaskFactory(customer=customer, title="In two years", due_on=days(728))
    TaskFactory(customer=customer, title="Far away", due_on=days(740))
    ProjectFactory(customer=customer, title="Cancelled", status="cancelled", due_on=days(1))
    DomainFactory(customer=customer, name="renews.example", expires_on=days(1), auto_renew=True)
    ContractFactory(customer=customer, product="Cancelled", status="cancelled", ends_on=days(1))
    assert [summary.partition(" (")[0] for summary in summaries(path)] == ["Task: Last month", "Task: In two years"]


@pytest.mark.parametrize(
    ("of_user", "of_agency", "today"),
    [("Pacific/Kiritimati", "America/Adak", 21), ("America/Adak", "Pacific/Kiritimati", 19), ("", "Pacific/Kiritimati", 21)],
)
def test_the_period_begins_in_the_members_time_zone(cast: Cast, customer: Customer, of_user: str, of_agency: str, today: int) -> None:
    cast.alice.time_zone, cast.alder.time_zone = of_user, of_agency
    cast.alice.save()
    cast.alder.save()
    first = date(2027, 3, today) - timedelta(days=30)
    for day in range(-2, 3):
        TaskFactory(customer=customer, title=f"{day}", due_on=first + timedelta(days=day))
    # The hours at which the date of each zone isn't that of UTC.
    with time_machine.travel(datetime(2027, 3, 20, 23 if today == 21 else 5, 30, tzinfo=UTC), tick=False):
        found = summaries(path_of(cast, cast.alice))
    assert [summary.partition(" (")[0] for summary in found] == ["Task: 0", "Task: 1", "Task: 2"]


def test_customers_that_are_no_longer_active_are_left_out(cast: Cast, customer: Customer, items: dict[str, Any]) -> None:
    path = path_of(cast, cast.alice)
    assert len(events(path)) == 6
    archive_customer(customer, by=cast.alice)
    assert events(path) == {}
    erase_customer(customer, by=cast.alice)
    assert events(path) == {}


def test_foreign_dates_are_left_out(cast: Cast) -> None:
    TaskFactory(customer__agency=cast.birch, due_on=days(1))
    assert events(path_of(cast, cast.alice)) == {}


def test_own_dates_are_those_of_the_dashboard(cast: Cast) -> None:
    """Tasks belong to their assignee, everything else to the account manager; what is unassigned belongs to the managers."""
    stans, nobodys = (CustomerFactory(agency=cast.alder, responsible=person) for person in (cast.stan, None))
    TaskFactory(customer=stans, title="Stan's customer", due_on=days(1))
    TaskFactory(customer=stans, title="Max's task", due_on=days(1), assignee=cast.max)
    TaskFactory(customer=nobodys, title="Stan's task", due_on=days(1), assignee=cast.stan)
    TaskFactory(customer=nobodys, title="Unassigned", due_on=days(1))
    DomainFactory(customer=stans, name="stan.example", expires_on=days(1))
    ContractFactory(customer=nobodys, product="Nobody's", ends_on=days(1), notice_count=0)

    def own(person: Any) -> set[str]:
        return {summary.partition(" (")[0].partition(": ")[2] for summary in summaries(path_of(cast, person, "mine"))}

    assert own(cast.stan) == {"Stan's customer", "Stan's task", "stan.example"}
    assert own(cast.max) == {"Max's task", "Unassigned", "Nobody's"}
    assert own(cast.alice) == {"Unassigned", "Nobody's"}
    assert len(summaries(path_of(cast, cast.stan, "all"))) == 6


def test_backslashes_stay_as_they_are(cast: Cast, customer: Customer) -> None:
    title = r"C:\Neu\N und \n; a,b"
    TaskFactory(customer=customer, title=title, due_on=days(3))
    (summary,) = summaries(path_of(cast, cast.alice))
    assert title in summary
    assert rb"C:\\Neu\\N und \\n\; a\,b" in body(path_of(cast, cast.alice)).replace(b"\r\n ", b"")


def test_texts_are_in_the_members_language(cast: Cast, items: dict[str, Any]) -> None:
    cast.alice.language = "de"
    cast.alice.save()
    response = Client(headers={"Accept-Language": "en"}).get(path_of(cast, cast.alice))
    content = b"".join(response.streaming_content).decode().replace("\r\n ", "")
    assert response["Content-Language"] == "de"
    assert "DESCRIPTION:Kunde: K-1001 Müllerei Größe GmbH\\n" in content


# --- Access ------------------------------------------------------------------------------------------------------------


def test_links_end_immediately(cast: Cast) -> None:
    def deactivate() -> None:
        cast.stan.is_active = False
        cast.stan.save()

    def require_second_factor() -> None:
        cast.alder.second_factor_required = True
        cast.alder.save()

    member = member_of(cast, cast.stan)
    endings = {
        "turned off": lambda: end_feed(member),
        "replaced": lambda: replace_link(member),
        "left": lambda: leave(member, to=None),
        "removed": lambda: remove_member(member, to=None, by=cast.alice),
        "deactivated": deactivate,
        "without the second factor": require_second_factor,
    }
    for name, end in endings.items():
        with transaction.atomic():
            path = path_of(cast, cast.stan)
            assert read(path).status_code == 200, name
            end()
            assert read(path).status_code == 404, name
            transaction.set_rollback(True)
        cast.stan.is_active = True
        cast.alder.second_factor_required = False


def test_a_second_factor_keeps_the_link(cast: Cast) -> None:
    path = path_of(cast, cast.stan)
    cast.alder.second_factor_required = True
    cast.alder.save()
    Authenticator.objects.create(user=cast.stan, type="totp", data={})
    assert read(path).status_code == 200


def test_only_the_digest_is_stored(cast: Cast) -> None:
    token = path_of(cast, cast.alice).split("/")[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(feed)::text FROM desk_calendarfeed AS feed")
        ((stored,),) = cursor.fetchall()
    assert len(token) == 32
    assert token not in stored


def test_links_reach_neither_search_engines_nor_other_sites(cast: Cast) -> None:
    path = path_of(cast, cast.alice)
    etag = read(path)["ETag"]
    for answer in (read(path), read(path, **{"If-None-Match": etag}), Client().head(path), read(f"/feed/{'0' * 32}/calendar.ics")):
        assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow"), answer.status_code


def test_unknown_links_are_limited(cast: Cast, clean_cache: None) -> None:
    answers = [read(f"/feed/{number:032}/calendar.ics").status_code for number in range(40)]
    assert set(answers) == {404, 429}


def test_a_feed_is_limited(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    path = path_of(cast, cast.alice)
    monkeypatch.setattr(views, "FEED_LIMIT", views.RateLimit("calendar-test", 2, 60 * 60 * 24 * 365))
    answers = [read(path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_feed_can_only_be_read(cast: Cast, method: str) -> None:
    assert getattr(Client(), method)(path_of(cast, cast.alice)).status_code == 405
