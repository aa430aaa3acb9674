"""Notices of deadlines: once for each object, date and step, to the people concerned."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from customers.deadlines import queries, services
from customers.deadlines.kinds import KINDS, DeadlineKind
from customers.deadlines.models import AFTER, LATE_DAYS, STEPS
from customers.deadlines.queries import deadline_lines
from customers.deadlines.services import purge, record_due_notices
from customers.models import Customer, DeadlineNotice, Domain, Task
from customers.services.customers import erase_customer
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, DigestItem, Membership, Mode, Notification, NotificationChoice
from partnerportal.core.pending import day_in
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, TaskFactory


@pytest.fixture(autouse=True)
def immediately(cast: Cast) -> None:
    """Let everyone be notified immediately instead of in the digest."""
    for member in cast.alder.memberships.all():
        member.set_notification(Notification.DEADLINES, Mode.NOW)


def member(cast: Cast, user: User, mode: Mode) -> Membership:
    found = cast.alder.memberships.get(user=user)
    found.set_notification(Notification.DEADLINES, mode)
    return found


@pytest.fixture
def lea(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Lea GmbH", responsible=cast.stan)


def in_days(days: int) -> date:
    """Return a date as seen from the agencies' time zone."""
    return day_in(Agency().time_zone, timezone.now()) + timedelta(days=days)


def domain(customer: Customer, days: int, **fields: Any) -> Domain:
    return DomainFactory(customer=customer, expires_on=in_days(days), **fields)


def steps(agency: Agency) -> list[int]:
    """Run the task, and return the steps of all notices so far."""
    record_due_notices(agency)
    return list(agency.deadline_notices.order_by("pk").values_list("step", flat=True))


def recipients() -> list[str]:
    return sorted(OutgoingMail.objects.values_list("to_email", flat=True))


class Calendar:
    """Lets days pass for the queries."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def set(self, moment: datetime) -> None:
        self.monkeypatch.setattr(queries.timezone, "now", lambda: moment)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    return Calendar(monkeypatch)


def every_step(agency: Agency, calendar: Calendar, day: date) -> list[tuple[int, int]]:
    """Run the task each day around `day`. Return the days before it on which there was a notice, and its step."""
    found = []
    for days in range(70, -40, -1):
        calendar.set(datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(days=days))
        if record_due_notices(agency):
            found.append((days, DeadlineNotice.objects.latest("pk").step))
    return found


def test_a_domain_has_five_steps_before_and_one_after(lea: Customer, calendar: Calendar) -> None:
    DomainFactory(customer=lea, expires_on=date(2031, 3, 31))
    found = every_step(lea.agency, calendar, date(2031, 3, 31))
    assert found == [(60, 60), (30, 30), (14, 14), (7, 7), (1, 1), (-1, AFTER)]


def test_a_domain_with_automatic_renewal_has_only_the_step_after(lea: Customer, calendar: Calendar) -> None:
    DomainFactory(customer=lea, expires_on=date(2031, 3, 31), auto_renew=True, name="a.example")
    assert every_step(lea.agency, calendar, date(2031, 3, 31)) == [(-1, AFTER)]
    assert "Renewed? a.example was due on 31 March 2031 (Lea GmbH)" in OutgoingMail.objects.get().text


def test_a_contract_counts_from_the_day_by_which_it_can_be_cancelled(lea: Customer, calendar: Calendar) -> None:
    ContractFactory(customer=lea, ends_on=date(2031, 5, 31), notice_count=3, notice_unit="months")
    found = every_step(lea.agency, calendar, date(2031, 2, 28))
    assert found == [(60, 60), (30, 30), (14, 14), (7, 7), (1, 1), (-1, AFTER)]


@pytest.mark.parametrize(("days", "step"), [(61, None), (60, 60), (31, 60), (2, 7), (1, 1), (0, 1), (-1, AFTER), (-LATE_DAYS, AFTER)])
def test_missed_steps_are_sent_once_in_total(lea: Customer, days: int, step: int | None) -> None:
    domain(lea, days)
    expected = [] if step is None else [step]
    assert steps(lea.agency) == expected
    assert steps(lea.agency) == expected
    assert len(recipients()) == len(expected)


def test_long_past_deadlines_are_not_sent(lea: Customer) -> None:
    domain(lea, -LATE_DAYS - 1)
    domain(lea, -LATE_DAYS - 1, auto_renew=True)
    assert steps(lea.agency) == []


def test_an_earlier_step_is_not_sent_after_a_later_one(lea: Customer, calendar: Calendar) -> None:
    """The agency's day goes back if it moves to a time zone further west."""
    DomainFactory(customer=lea, expires_on=date(2031, 3, 31))
    calendar.set(datetime(2031, 3, 24, 12, tzinfo=UTC))
    assert steps(lea.agency) == [7]
    calendar.set(datetime(2031, 3, 23, 12, tzinfo=UTC))
    assert steps(lea.agency) == [7]


def test_objects_of_different_kinds_with_the_same_key_are_not_confused(lea: Customer) -> None:
    item = domain(lea, 5)
    assert steps(lea.agency) == [7]
    ContractFactory(pk=item.pk, customer=lea, ends_on=in_days(5), notice_count=0)
    assert steps(lea.agency) == [7, 7]
    assert list(DeadlineNotice.objects.order_by("pk").values_list("object_id", flat=True)) == [item.pk, item.pk]


def test_a_changed_date_starts_again(lea: Customer) -> None:
    item = domain(lea, 5)
    assert steps(lea.agency) == [7]
    Domain.objects.filter(pk=item.pk).update(expires_on=in_days(6))
    assert steps(lea.agency) == [7, 7]
    Domain.objects.filter(pk=item.pk).update(expires_on=in_days(300))
    assert steps(lea.agency) == [7, 7]


def test_each_notice_is_unique_although_the_outbox_was_emptied(lea: Customer) -> None:
    domain(lea, 5)
    steps(lea.agency)
    OutgoingMail.objects.all().delete()
    assert steps(lea.agency) == [7]
    assert recipients() == []


def test_notices_and_emails_share_one_transaction(lea: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    domain(lea, 5)

    def fail(*_args: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("customers.deadlines.services.send_deadlines", fail)
        with pytest.raises(RuntimeError):
            record_due_notices(lea.agency)
    assert not DeadlineNotice.objects.exists()
    assert steps(lea.agency) == [7]


@pytest.mark.parametrize("how", ["archived", "merged", "erased"])
def test_former_customers_never_cause_notices(cast: Cast, lea: Customer, how: str) -> None:
    domain(lea, 5, notify_customer=True)
    ContractFactory(customer=lea, ends_on=in_days(5), notify_customer=True)
    if how == "archived":
        Customer.objects.filter(pk=lea.pk).update(status="archived")
    elif how == "erased":
        erase_customer(lea, by=cast.alice)
    else:
        # As a merge would never leave them: with their items.
        Customer.objects.filter(pk=lea.pk).update(status="merged", merged_into=CustomerFactory(agency=cast.alder))
    assert steps(lea.agency) == []


@pytest.mark.parametrize("status", ["cancelled", "ended"])
def test_contracts_that_are_over_cause_none(lea: Customer, status: str) -> None:
    ContractFactory(customer=lea, ends_on=in_days(5), status=status)
    assert steps(lea.agency) == []


def test_other_agencies_are_left_alone(cast: Cast, lea: Customer) -> None:
    domain(lea, 5)
    assert steps(cast.birch) == []


def test_the_day_is_that_of_the_agency(cast: Cast, lea: Customer, calendar: Calendar) -> None:
    DomainFactory(customer=lea, expires_on=date(2031, 3, 10))
    lea.agency.time_zone = "Pacific/Auckland"
    calendar.set(datetime(2031, 3, 8, 10, 59, tzinfo=UTC))
    lea.agency.save()
    assert steps(lea.agency) == [7]
    calendar.set(datetime(2031, 3, 8, 11, 1, tzinfo=UTC))
    assert steps(lea.agency) == [7, 1]


def test_an_agency_that_fails_does_not_stop_the_others(
    cast: Cast, lea: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    domain(lea, 5)
    domain(CustomerFactory(agency=cast.birch), 5)
    real = services.due_deadlines

    def failing(agency: Agency) -> Any:
        if agency == cast.alder:
            raise OperationalError
        return real(agency)

    monkeypatch.setattr(services, "due_deadlines", failing)
    assert list(services.notify_agencies()) == sorted(Agency.objects.values_list("pk", flat=True))
    assert list(DeadlineNotice.objects.values_list("agency", flat=True)) == [cast.birch.pk]
    assert "failed" in caplog.text


def test_two_runs_at_once_notify_once(transactional_db: None, lea: Customer) -> None:
    domain(lea, 5)
    counts = at_once(4, lambda _n: record_due_notices(lea.agency))
    assert sorted(counts) == [0, 0, 0, 1]
    assert recipients() == ["stan@alder.example"]


def test_a_member_gets_one_email_about_several_deadlines(lea: Customer) -> None:
    for days in range(1, 9):
        domain(lea, days, name=f"d{days}.example")
    ContractFactory(customer=lea, ends_on=in_days(3), number="V-1", product="Hosting")
    steps(lea.agency)
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.customer_id) == ("stan@alder.example", lea.pk)
    assert mail.subject.startswith("9 deadlines, the first: d1.example expires on ")
    assert all(f"d{days}.example expires on " in mail.text for days in range(1, 9))
    assert "Contract V-1 (Hosting): cancel by " in mail.text


def test_an_email_lists_up_to_50_deadlines(lea: Customer) -> None:
    for number in range(52):
        domain(lea, 5, name=f"d{number}.example")
    steps(lea.agency)
    assert OutgoingMail.objects.get().text.count(".example expires on ") == 50
    assert "/dashboard/" in OutgoingMail.objects.get().text
    assert DeadlineNotice.objects.count() == 52


class TestRecipients:
    def test_the_account_manager(self, lea: Customer) -> None:
        domain(lea, 5)
        steps(lea.agency)
        assert recipients() == ["stan@alder.example"]

    def test_owners_and_managers_if_there_is_none(self, cast: Cast) -> None:
        domain(CustomerFactory(agency=cast.alder), 5)
        steps(cast.alder)
        assert recipients() == ["alice@alder.example", "max@alder.example"]

    def test_owners_and_managers_if_the_account_manager_left(self, cast: Cast, lea: Customer) -> None:
        cast.alder.memberships.get(user=cast.stan).delete()
        domain(lea, 5)
        steps(lea.agency)
        assert recipients() == ["alice@alder.example", "max@alder.example"]

    def test_owners_and_managers_if_the_account_manager_is_inactive(self, cast: Cast, lea: Customer) -> None:
        cast.stan.is_active = False
        cast.stan.save()
        domain(lea, 5)
        steps(lea.agency)
        assert recipients() == ["alice@alder.example", "max@alder.example"]

    def test_members_who_read_digests_get_an_item(self, cast: Cast) -> None:
        alice = member(cast, cast.alice, Mode.DIGEST)
        item = domain(CustomerFactory(agency=cast.alder), 5)
        steps(cast.alder)
        assert recipients() == ["max@alder.example"]
        (found,) = DigestItem.objects.all()
        assert (found.membership, found.kind) == (alice, Notification.DEADLINES)
        assert [line.item for line in deadline_lines(cast.alder, [found.object_id])] == [item]

    def test_digest_is_the_default(self, cast: Cast, lea: Customer) -> None:
        NotificationChoice.objects.all().delete()
        domain(lea, 5)
        steps(lea.agency)
        assert recipients() == []
        assert DigestItem.objects.get().membership.user == cast.stan

    def test_members_who_turned_it_off_get_none(self, cast: Cast, lea: Customer) -> None:
        member(cast, cast.stan, Mode.OFF)
        domain(lea, 5)
        steps(lea.agency)
        assert recipients() == []
        assert not DigestItem.objects.exists()

    def test_without_a_digest_there_is_no_item(self, cast: Cast, lea: Customer) -> None:
        stan = member(cast, cast.stan, Mode.DIGEST)
        stan.wants_digest = False
        stan.save()
        domain(lea, 5)
        steps(lea.agency)
        assert not DigestItem.objects.exists()


def test_lines_show_what_still_applies(cast: Cast, lea: Customer) -> None:
    renewed, sold, kept = (domain(lea, days, name=f"d{days}.example") for days in (5, 4, 3))
    contract = ContractFactory(customer=lea, ends_on=in_days(2), number="V-1")
    steps(lea.agency)
    Domain.objects.filter(pk=renewed.pk).update(expires_on=in_days(300))
    sold.delete()
    notices = list(DeadlineNotice.objects.values_list("pk", flat=True))
    lines = deadline_lines(cast.alder, notices)
    assert [(line.item, line.customer) for line in lines] == [(contract, lea), (kept, lea)]
    assert lines[1].text.startswith("d3.example expires on ")
    assert lines[1].url.endswith(f"/domains/{kept.pk}/renew/")
    assert deadline_lines(cast.birch, notices) == []


def test_other_apps_register_kinds(lea: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        KINDS,
        "example",
        DeadlineKind(
            "example",
            lambda: Task.objects.filter(done_at=None, customer__status="active"),
            date="sort_date",
            text=lambda task, day, is_past: f"{task} is due on {day}",
            url=lambda task: f"/tasks/{task.pk}/edit/",
        ),
    )
    task = TaskFactory(customer=lea, title="Access", due_on=in_days(5))
    assert steps(lea.agency) == [7]
    assert steps(lea.agency) == [7]
    mail = OutgoingMail.objects.get()
    assert f"Access is due on {task.due_on}" in mail.text
    assert f"/tasks/{task.pk}/edit/" in mail.text


def test_old_notices_are_deleted(cast: Cast) -> None:
    for days in (-100, -LATE_DAYS):
        DeadlineNotice.objects.create(agency=cast.alder, kind="domain", object_id=1, date=in_days(days), step=AFTER)
    assert purge() == 1


def test_steps_are_in_order() -> None:
    assert list(STEPS) == sorted(STEPS, reverse=True)
