"""The daily digest: when it is sent, what it contains, and that it is sent once."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.models import Task
from partnerportal.agencies.models import DigestItem, InternalKind, Membership, Mode, Notification, Role
from partnerportal.desk.digest import services
from partnerportal.desk.digest.models import DigestRun
from partnerportal.desk.digest.queries import LAG, LIMIT, due_groups
from partnerportal.desk.digest.services import send_due_digests
from partnerportal.outbox.models import OutgoingMail
from reviews.models import CATEGORIES, Review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import CustomerFactory, DomainFactory, TaskFactory
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import InvitationFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory

#: Wednesday, 9:00 in Berlin.
NOW = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
TODAY = date(2026, 6, 10)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def members_of_long_ago(cast: Cast) -> None:
    Membership.objects.update(digest_from=LONG_AGO)


def send(now: datetime = NOW) -> list[OutgoingMail]:
    """Send what is due, and return the new digests in the order of their recipients."""
    before = OutgoingMail.objects.filter(kind="digest").values_list("pk", flat=True)
    known = set(before)
    list(send_due_digests(now))
    return list(OutgoingMail.objects.filter(kind="digest").exclude(pk__in=known).order_by("to_email"))


def digest_of(user: Any, now: datetime = NOW) -> str:
    """Send what is due, and return the text of the user's digest; empty if there is none."""
    return next((mail.text for mail in send(now) if mail.to_email == user.email), "")


def task(cast: Cast, title: str, days: int, **fields: Any) -> Task:
    fields.setdefault("customer", CustomerFactory(agency=cast.alder, company=f"{title} GmbH"))
    return TaskFactory(title=title, due_on=TODAY + timedelta(days=days), **fields)


def set_member(user: Any, **fields: Any) -> Membership:
    Membership.objects.filter(user=user).update(**fields)
    return Membership.objects.get(user=user)


# --- When -------------------------------------------------------------------------------------------------------------


def moments(start: datetime, hours: int) -> list[datetime]:
    """Return each quarter of an hour from `start` on."""
    return [start + timedelta(minutes=15 * number) for number in range(4 * hours)]


def sent_at(user: Any, start: datetime, hours: int) -> list[datetime]:
    """Run the job every quarter of an hour, and return when the user's digest was due."""
    member, found = Membership.objects.get(user=user), []
    for now in moments(start, hours):
        for _agency, day, keys in due_groups(now):
            if member.pk in keys:
                DigestRun.objects.claim([member.pk], day, now)
                found.append(now)
    return found


@pytest.mark.parametrize(
    ("zone", "hour", "expected"),
    [
        ("Europe/Berlin", 8, "06:00"),
        ("America/New_York", 8, "12:00"),
        ("Asia/Kolkata", 8, "02:30"),
        ("Asia/Kathmandu", 8, "02:15"),
        ("Europe/Berlin", 0, "22:00"),
        ("Pacific/Kiritimati", 23, "09:00"),
    ],
)
def test_at_their_hour_in_their_time_zone(cast: Cast, zone: str, hour: int, expected: str) -> None:
    cast.stan.time_zone = zone
    cast.stan.save()
    set_member(cast.stan, digest_hour=hour)
    # From Monday to Thursday, so that each zone has full days.
    found = sent_at(cast.stan, datetime(2026, 6, 8, 12, 0, tzinfo=UTC), 72)
    assert [f"{moment:%H:%M}" for moment in found][1:] == [expected] * (len(found) - 1)
    assert len(found) in {3, 4}


@pytest.mark.parametrize(
    ("zone", "day", "hour", "utc"),
    [
        # 2:00 to 2:59 doesn't exist.
        ("Europe/Berlin", date(2026, 3, 29), 1, "00:00"),
        ("Europe/Berlin", date(2026, 3, 29), 2, "01:00"),
        ("Europe/Berlin", date(2026, 3, 29), 3, "01:00"),
        ("Europe/Berlin", date(2026, 3, 29), 8, "06:00"),
        ("America/New_York", date(2026, 3, 8), 2, "07:00"),
        ("America/New_York", date(2026, 3, 8), 8, "12:00"),
        # 2:00 to 2:59 (in New York 1:00 to 1:59) exists twice.
        ("Europe/Berlin", date(2026, 10, 25), 1, "23:00"),
        ("Europe/Berlin", date(2026, 10, 25), 2, "00:00"),
        ("Europe/Berlin", date(2026, 10, 25), 3, "02:00"),
        ("Europe/Berlin", date(2026, 10, 25), 8, "07:00"),
        ("America/New_York", date(2026, 11, 1), 1, "05:00"),
        ("America/New_York", date(2026, 11, 1), 8, "13:00"),
        # The day begins at 1:00.
        ("America/Santiago", date(2026, 9, 6), 0, "04:00"),
    ],
)
def test_once_on_the_days_on_which_clocks_change(cast: Cast, zone: str, day: date, hour: int, utc: str) -> None:
    cast.stan.time_zone = zone
    cast.stan.save()
    set_member(cast.stan, digest_hour=hour, digest_days=[day.isoweekday()])
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    assert [f"{moment:%H:%M}" for moment in sent_at(cast.stan, start, 48)] == [utc]


def test_on_working_days_only(cast: Cast) -> None:
    found = sent_at(cast.stan, datetime(2026, 6, 8, tzinfo=UTC), 7 * 24)
    assert [moment.isoweekday() for moment in found] == [1, 2, 3, 4, 5]


def test_once_after_downtime(cast: Cast) -> None:
    task(cast, "Call", 0, assignee=cast.stan)
    assert len(send()) == 1
    for moment in (NOW, NOW + timedelta(minutes=15), NOW + timedelta(hours=14)):
        assert send(moment) == []
    # Thursday and Friday are missed. On Monday at noon, there is one digest.
    monday = NOW + timedelta(days=5, hours=5)
    assert len(send(monday)) == 1
    assert send(monday + timedelta(minutes=15)) == []


def test_not_before_the_member_joined_or_chose_the_time(cast: Cast) -> None:
    task(cast, "Call", 0, assignee=cast.stan)
    set_member(cast.stan, digest_from=NOW - timedelta(minutes=5))
    assert send() == []
    assert len(send(NOW + timedelta(days=1))) == 1


def test_changed_times_apply_from_the_next_digest_on(cast: Cast) -> None:
    stan = Client()
    stan.force_login(cast.stan)
    form = stan.get("/account/notices/").context["form"]
    data = {name: form[name].value() for name in form.fields if name != "shown"}
    assert stan.post("/account/notices/", data).status_code == 302
    assert Membership.objects.get(user=cast.stan).digest_from == LONG_AGO
    assert stan.post("/account/notices/", data | {"digest_hour": "7"}).status_code == 302
    assert Membership.objects.get(user=cast.stan).digest_from > LONG_AGO


@pytest.mark.parametrize("change", ["unsubscribed", "inactive", "left"])
def test_not_to_others(cast: Cast, change: str) -> None:
    task(cast, "Call", 0, assignee=cast.stan)
    if change == "unsubscribed":
        set_member(cast.stan, wants_digest=False)
    elif change == "inactive":
        cast.stan.is_active = False
        cast.stan.save()
    else:
        Membership.objects.filter(user=cast.stan).delete()
    assert send() == []


def test_on_the_day_on_which_the_member_is_activated_again(cast: Cast) -> None:
    task(cast, "Call", 0, assignee=cast.stan)
    cast.stan.is_active = False
    cast.stan.save()
    assert send() == []
    cast.stan.is_active = True
    cast.stan.save()
    assert [mail.to_email for mail in send(NOW + timedelta(minutes=15))] == [cast.stan.email]


def test_none_if_there_is_nothing(cast: Cast) -> None:
    task(cast, "Later", 20, assignee=cast.stan)
    assert send() == []
    # Something that is added later waits for the next one.
    task(cast, "Today", 0, assignee=cast.stan)
    assert send(NOW + timedelta(hours=1)) == []
    assert len(send(NOW + timedelta(days=1))) == 1


# --- Contents ---------------------------------------------------------------------------------------------------------


def test_own_work_by_date_with_links(cast: Cast) -> None:
    mine = CustomerFactory(agency=cast.alder, company="Mine AG", responsible=cast.stan)
    overdue = task(cast, "Late", -2, assignee=cast.stan)
    task(cast, "Now", 0, assignee=cast.stan)
    task(cast, "Soon", 4, assignee=cast.stan)
    task(cast, "Next week", 5, assignee=cast.stan)
    task(cast, "Theirs", 0, assignee=cast.max)
    task(cast, "Nobody", 0)
    domain = DomainFactory(customer=mine, name="mine.example", expires_on=TODAY + timedelta(days=1), auto_renew=False)
    text = digest_of(cast.stan)
    assert "1 overdue · 1 due today · 2 this week" in text
    for title in ("Late", "Now", "Soon", "mine.example"):
        assert f"* {title}\n" in text
    for title in ("Next week", "Theirs", "Nobody"):
        assert title not in text
    assert f"{django_settings.SITE_URL}/tasks/{overdue.pk}/edit/" in text
    assert f"{django_settings.SITE_URL}/domains/{domain.pk}/edit/" in text
    assert text.index("Overdue") < text.index("Late") < text.index("\nToday") < text.index("Now") < text.index("This week")


def test_unassigned_work_goes_to_managers(cast: Cast) -> None:
    task(cast, "Nobody", 0)
    task(cast, "Of the customer", 0, customer=CustomerFactory(agency=cast.alder, responsible=cast.stan))
    texts = {mail.to_email: mail.text for mail in send()}
    assert set(texts) == {cast.alice.email, cast.max.email, cast.stan.email}
    assert "Nobody" in texts[cast.max.email] and "Of the customer" not in texts[cast.max.email]
    assert "Nobody" not in texts[cast.stan.email] and "Of the customer" in texts[cast.stan.email]


def test_requests_waiting_for_a_reply(cast: Cast) -> None:
    mine = ContactRequestFactory(agency=cast.alder, name="Pia Pohl", company="", assignee=cast.stan, status="open")
    ContactRequestFactory(agency=cast.alder, name="Nobody Yet", company="")
    ContactRequestFactory(agency=cast.alder, name="Done Deal", company="", assignee=cast.stan, status="open", first_reply_at=NOW)
    ContactRequestFactory(agency=cast.birch, name="Other Olga", company="")
    texts = {mail.to_email: mail.text for mail in send()}
    assert "Other Olga" in texts[cast.charlie.email] and "Other Olga" not in texts[cast.alice.email]
    assert "1 request waiting" in texts[cast.stan.email]
    assert "Pia Pohl" in texts[cast.stan.email] and f"{django_settings.SITE_URL}/requests/{mine.pk}/" in texts[cast.stan.email]
    assert "Nobody Yet" in texts[cast.alice.email] and "Nobody Yet" not in texts[cast.stan.email]
    assert not any("Done Deal" in text for text in texts.values())


def test_the_requests_that_wait_longest_are_mentioned(cast: Cast) -> None:
    for number in range(LIMIT + 2):
        ContactRequestFactory(agency=cast.alder, name=f"Prospect {number:02}", company="")
    text = digest_of(cast.alice)
    assert f"{LIMIT + 2} requests waiting" in text
    assert re.findall(r"\* (Prospect \d\d)", text) == [f"Prospect {number:02}" for number in range(LIMIT)]


def review(cast: Cast, at: datetime, *, stars: int = 5, author: str = "Rita Rater") -> Review:
    found = ReviewFactory(
        review_request__customer__agency=cast.alder, author=author, display_name_as="full", **dict.fromkeys(CATEGORIES, stars)
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_review SET created_at = %s WHERE id = %s", [at, found.pk])
    return found


def test_new_reviews_since_the_last_digest_are_mentioned_once(cast: Cast) -> None:
    found = review(cast, NOW - timedelta(days=1))
    review(cast, NOW - LAG / 2, author="New Nora")
    texts = {mail.to_email: mail.text for mail in send()}
    assert set(texts) == {cast.alice.email, cast.max.email, cast.stan.email}
    assert "Rita Rater" in texts[cast.stan.email] and f"/company/reviews/{found.pk}/" in texts[cast.stan.email]
    # One that is only moments old is in the next digest, like one whose transaction ends while this one is sent.
    assert "New Nora" not in texts[cast.stan.email]
    review(cast, NOW - LAG / 2, author="Late Larry")
    text = digest_of(cast.stan, NOW + timedelta(days=1))
    assert "Late Larry" in text and "New Nora" in text and "Rita Rater" not in text
    assert send(NOW + timedelta(days=2)) == []


def test_each_member_hears_of_a_review_once_on_their_own_days(cast: Cast) -> None:
    set_member(cast.stan, digest_days=[NOW.isoweekday()])
    set_member(cast.max, digest_days=[NOW.isoweekday(), NOW.isoweekday() + 1])
    set_member(cast.alice, digest_days=[NOW.isoweekday() + 1])
    review(cast, NOW - timedelta(days=1))
    assert {mail.to_email for mail in send()} == {cast.max.email, cast.stan.email}
    assert [mail.to_email for mail in send(NOW + timedelta(days=1))] == [cast.alice.email]


def test_reviews_of_which_a_member_is_notified_otherwise_are_left_out(cast: Cast) -> None:
    set_member(cast.stan).set_notification(Notification.REVIEWS, Mode.OFF)
    review(cast, NOW - timedelta(days=1), author="Good Greta")
    review(cast, NOW - timedelta(days=1), stars=2, author="Bad Bert")
    texts = {mail.to_email: mail.text for mail in send()}
    assert "Bad Bert" in texts[cast.stan.email] and "Good Greta" not in texts[cast.stan.email]
    # Managers are notified of those with few stars immediately.
    assert "Good Greta" in texts[cast.max.email] and "Bad Bert" not in texts[cast.max.email]


def test_events_whose_mode_is_the_digest(cast: Cast) -> None:
    member = set_member(cast.stan)
    for kind in (Notification.REQUESTS, Notification.ACCESS, Notification.TASKS, Notification.UNDELIVERABLE, Notification.FILES):
        member.set_notification(kind, Mode.DIGEST)
    customer = CustomerFactory(agency=cast.alder, company="Ott & Sohn")
    new_task = TaskFactory(customer=customer, title="Check 100% of it", assignee=cast.stan)
    objects = {
        Notification.REQUESTS: ContactRequestFactory(agency=cast.alder, name="Pia Pohl", company=""),
        Notification.ACCESS: InvitationFactory(agency=cast.alder, client=cast.kim, name="Kim Client", company=""),
        Notification.TASKS: new_task,
        Notification.UNDELIVERABLE: ReviewRequestFactory(customer=customer, undeliverable_at=NOW),
        Notification.FILES: SharedFileFactory(customer=customer, title="Logo"),
        InternalKind.APPROVALS: TextApprovalFactory(customer=customer, title="Home page"),
    }
    for kind, found in objects.items():
        DigestItem.objects.add([member], kind, found.pk, 999_999)
    done = TaskFactory(customer=customer, title="Already done", assignee=cast.stan, done_at=NOW)
    elsewhere = TaskFactory(customer=CustomerFactory(agency=cast.birch), title="Work of others")
    DigestItem.objects.add([member], Notification.TASKS, done.pk, elsewhere.pk)
    resent = ReviewRequestFactory(customer=CustomerFactory(agency=cast.alder, company="Delivered Now"))
    DigestItem.objects.add([member], Notification.UNDELIVERABLE, resent.pk)
    text = digest_of(cast.stan)
    assert not any(words in text for words in ("Already done", "Work of others", "Delivered Now"))
    for line in (
        "New request from Pia Pohl", "Access from Kim Client: pending", "Task assigned to you: Check 100% of it",
        "Review request to Ott & Sohn not delivered", "File from Ott & Sohn: Logo", "Approval of “Home page”: open",
    ):  # fmt: skip
        assert f"* {line}\n" in text, text
    assert "6 events" in text
    # They are mentioned once, and those that no longer exist are dropped.
    assert not DigestItem.objects.exists()
    assert digest_of(cast.stan, NOW + timedelta(days=1)) == ""


def test_in_the_language_of_the_member(cast: Cast) -> None:
    cast.stan.language = "de"
    cast.stan.save()
    task(cast, "Anrufen", 0, assignee=cast.stan)
    task(cast, "Call", 0, assignee=cast.max)
    english, german = send()
    assert (english.to_email, german.to_email) == (cast.max.email, cast.stan.email)
    assert "10 June 2026" in english.subject and 'lang="en"' in english.html
    assert "10. Juni 2026" in german.subject and 'lang="de"' in german.html
    assert "\nToday\n" in english.text and "\nHeute\n" in german.text


def test_days_are_counted_in_the_time_zone_of_the_member(cast: Cast) -> None:
    cast.stan.time_zone = "Pacific/Kiritimati"
    cast.stan.save()
    task(cast, "Call", 2, assignee=cast.stan)
    task(cast, "Write", -1, assignee=cast.stan)
    # It is Thursday, 9:00, while in Berlin and in UTC it is still Wednesday.
    with time_machine.travel(datetime(2026, 6, 10, 19, 0, tzinfo=UTC), tick=False):
        text = digest_of(cast.stan, timezone.now())
    assert "11 June 2026" in text
    assert "2 days ago" in text and "tomorrow" in text


def test_long_lists_are_shortened(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for number in range(23):
        TaskFactory(customer=customer, title=f"Task no. {number}", due_on=TODAY, assignee=cast.stan)
    text = digest_of(cast.stan)
    assert "23 due today" in text and text.count("* Task no.") == 10 and "* 13 more\n" in text


def test_digests_of_several_agencies_are_separate(cast: Cast) -> None:
    MembershipFactory(agency=cast.birch, user=cast.stan, role=Role.STAFF, digest_from=LONG_AGO)
    task(cast, "At Alder", 0, assignee=cast.stan)
    TaskFactory(customer=CustomerFactory(agency=cast.birch), title="At Birch", due_on=TODAY, assignee=cast.stan)
    alder, birch = (mail for mail in sorted(send(), key=lambda mail: mail.subject))
    assert ("At Alder" in alder.text, "At Birch" in alder.text) == (True, False)
    assert ("At Alder" in birch.text, "At Birch" in birch.text) == (False, True)


# --- Exactly once, and bounded ----------------------------------------------------------------------------------------


def test_the_number_of_queries_is_independent_of_members_and_rows(cast: Cast) -> None:
    set_member(cast.charlie, wants_digest=False)
    task(cast, "First", 0, assignee=cast.stan)
    counts = []
    for number in range(2):
        review(cast, NOW + timedelta(days=number, hours=-5))
        for kind, found in ((Notification.REQUESTS, ContactRequestFactory(agency=cast.alder)), (Notification.TASKS, task(cast, "One", 0))):
            for member in cast.alder.memberships.all():
                DigestItem.objects.create(membership=member, kind=kind, object_id=found.pk)
        with CaptureQueriesContext(connection) as queries:
            sent = send(NOW + timedelta(days=number))
        assert len(sent) == 3 + 9 * number
        counts.append(len(queries))
        for _ in range(9):
            user = UserFactory()
            MembershipFactory(agency=cast.alder, user=user, role=Role.STAFF, digest_from=LONG_AGO)
            for title in ("A", "B", "C"):
                task(cast, title, 0, assignee=user)
    assert counts[0] == counts[1] <= 21


@pytest.mark.django_db(transaction=True)
def test_concurrent_runs_send_each_digest_once(cast: Cast) -> None:
    for user in (cast.alice, cast.max, cast.stan):
        task(cast, "Call", 0, assignee=user)
    DigestItem.objects.create(membership=set_member(cast.stan), kind=Notification.TASKS, object_id=Task.objects.latest("pk").pk)
    results = at_once(4, lambda _number: sum(send_due_digests(NOW)))
    assert sorted(map(str, results)) == ["0", "0", "0", "3"]
    assert sorted(OutgoingMail.objects.values_list("to_email", flat=True)) == [cast.alice.email, cast.max.email, cast.stan.email]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, DatabaseError])
def test_a_failing_agency_does_not_stop_the_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    task(cast, "Call", 0, assignee=cast.stan)
    TaskFactory(customer=CustomerFactory(agency=cast.birch), title="Write", due_on=TODAY, assignee=cast.charlie)
    real = services.facts_for

    def failing(agency: Any, *args: Any) -> Any:
        if agency == cast.alder:
            raise error
        return real(agency, *args)

    monkeypatch.setattr(services, "facts_for", failing)
    assert [mail.to_email for mail in send()] == [cast.charlie.email]
    assert "Digests of agency" in caplog.text
    # Nothing was recorded, so that the next run tries again.
    monkeypatch.undo()
    assert [mail.to_email for mail in send(NOW + timedelta(minutes=15))] == [cast.stan.email]
