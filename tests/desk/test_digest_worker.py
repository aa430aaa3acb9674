"""Digests by a real worker, which is killed at several points: none is lost, and none is sent twice."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from celery import current_app
from django.utils import timezone

from customers.models import Customer, Task
from partnerportal.agencies.models import Agency, DigestItem, Membership, Notification
from partnerportal.core.pending import day_in
from partnerportal.desk.digest.models import DigestRun
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.factories.accounts import UserFactory, saved
from tests.polling import eventually
from tests.smtp import Sink
from tests.workers import Process

# E-mails that a killed worker was about to send are found by the sweep.
pytestmark = pytest.mark.usefixtures("celery_beat")

AGENCIES, MEMBERS = 20, 4


def zone_at_noon() -> str:
    """Return a time zone in which it is about noon, so that no day ends during the test. Its sign is inverted."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@pytest.fixture
def members(cast: Cast) -> list[Membership]:
    """Members whose digest is due, each with a task of today and an event."""
    zone = zone_at_noon()
    Membership.objects.update(wants_digest=False)
    agencies = Agency.objects.bulk_create(Agency(name=f"Agency {n}", time_zone=zone) for n in range(AGENCIES))
    users = saved(*(UserFactory.build(email=f"m{n}@people.example") for n in range(AGENCIES * MEMBERS)))
    members = Membership.objects.bulk_create(
        Membership(
            agency=agencies[n % AGENCIES],
            user=user,
            role="owner" if n < AGENCIES else "staff",
            digest_hour=0,
            digest_days=[1, 2, 3, 4, 5, 6, 7],
            digest_from=datetime(2020, 1, 1, tzinfo=UTC),
        )
        for n, user in enumerate(users)
    )
    customers = Customer.objects.bulk_create(Customer(agency=agency, number=1001, company="Firm") for agency in agencies)
    today = day_in(zone, timezone.now())
    tasks = Task.objects.bulk_create(
        Task(agency=member.agency, customer=customers[n % AGENCIES], title="Call", due_on=today, assignee=member.user)
        for n, member in enumerate(members)
    )
    DigestItem.objects.bulk_create(
        DigestItem(membership=member, kind=Notification.TASKS, object_id=task.pk) for member, task in zip(members, tasks, strict=True)
    )
    return members


def enqueue() -> None:
    current_app.send_task("desk.send_digests", retry=False)


@pytest.mark.parametrize("table", ["desk_digestrun", "outbox_outgoingmail"])
def test_killed_workers_neither_lose_nor_repeat_digests(
    celery_worker: Process, smtp_sink: Sink, members: list[Membership], table: str
) -> None:
    with nobody_writes(table):
        enqueue()
        eventually(lambda: somebody_waits(table), f"the worker writes to {table}", seconds=30, otherwise=celery_worker.logged)
        celery_worker.kill()
    assert not DigestRun.objects.exists() and not OutgoingMail.objects.exists()
    assert DigestItem.objects.count() == len(members)

    celery_worker.start()
    enqueue()
    eventually(lambda: DigestRun.objects.count() >= 2 * MEMBERS, "some are sent", seconds=60, otherwise=celery_worker.logged)
    celery_worker.kill()
    # What is recorded, is queued; what isn't, is still to be mentioned.
    recorded = DigestRun.objects.count()
    assert OutgoingMail.objects.filter(kind="digest").count() == recorded
    assert DigestItem.objects.count() == len(members) - recorded

    celery_worker.start()
    enqueue()
    eventually(lambda: DigestRun.objects.count() == len(members), "all are sent", seconds=60, otherwise=celery_worker.logged)
    expected = dict.fromkeys((member.user.email for member in members), 1)
    assert Counter(OutgoingMail.objects.values_list("to_email", flat=True)) == expected
    assert not DigestItem.objects.exists()
    for address in expected:
        assert smtp_sink.wait_for(address, seconds=60)
    # An e-mail that the killed worker had just sent has a stable Message-ID, by which its twin is known.
    assert len({arrived.message["Message-ID"] for arrived in smtp_sink.mails}) == len(members)
