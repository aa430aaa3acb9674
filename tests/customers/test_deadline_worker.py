"""Notices by real workers, which are killed at any point."""

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from customers.deadlines.services import enqueue, notify_agencies
from customers.models import Customer, DeadlineNotice, Domain
from partnerportal.agencies.models import Agency, DigestItem, Membership, NotificationChoice, Role
from partnerportal.outbox.models import OutgoingMail
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.factories.accounts import UserFactory
from tests.polling import eventually
from tests.workers import Process

#: Number of agencies, each with three members and this number of domains.
AGENCIES, DOMAINS = 40, 3


@pytest.fixture
def agencies(transactional_db: None) -> list[Agency]:
    """Agencies with due domains, of which the owner is notified immediately and a manager in the digest."""
    agencies = Agency.objects.bulk_create(Agency(name=f"Agency {n}") for n in range(AGENCIES))
    people = [[UserFactory(), UserFactory(), UserFactory()] for _agency in agencies]
    roles = (Role.OWNER, Role.MANAGER, Role.STAFF)
    members = Membership.objects.bulk_create(
        Membership(agency=agency, user=user, role=role)
        for agency, users in zip(agencies, people, strict=True)
        for user, role in zip(users, roles, strict=True)
    )
    owners = [member for member in members if member.role == Role.OWNER]
    NotificationChoice.objects.bulk_create(NotificationChoice(membership=member, kind="deadlines", mode="now") for member in owners)
    customers = Customer.objects.bulk_create(
        Customer(agency=agency, number=1001, company="C", email=f"c{agency.pk}@clients.example") for agency in agencies
    )
    names = ((customer, f"d{number}.example") for customer in customers for number in range(DOMAINS))
    Domain.objects.bulk_create(
        Domain(
            agency=customer.agency, customer=customer, name=name, unicode_name=name, expires_on=timezone.localdate(), notify_customer=True
        )
        for customer, name in names
    )
    return agencies


def sent() -> Counter[tuple[str, str]]:
    return Counter(OutgoingMail.objects.values_list("kind", "to_email"))


def test_killed_workers_neither_lose_nor_repeat_notices(celery_worker: Process, agencies: list[Agency]) -> None:
    worker = celery_worker
    kills = 0
    for table in ("customers_deadlinenotice", "agencies_digestitem", "outbox_outgoingmail"):
        before = DeadlineNotice.objects.count()
        with nobody_writes(table):
            enqueue()
            eventually(lambda table=table: somebody_waits(table), f"the worker writes to {table}", seconds=30, otherwise=worker.logged)
            worker.kill()
            kills += 1
        assert DeadlineNotice.objects.count() == before
        worker.start()

    def is_at_work(count: int) -> Any:
        return lambda: DeadlineNotice.objects.count() >= count

    for share in (0.2, 0.5):
        enqueue()
        eventually(is_at_work(int(share * AGENCIES * DOMAINS)), "some agencies are notified", seconds=30, otherwise=worker.logged)
        worker.kill()
        kills += 1
        worker.start()
    enqueue()
    eventually(is_at_work(AGENCIES * DOMAINS), "all agencies are notified", seconds=60, otherwise=worker.logged)
    # Again, as by a second beat.
    enqueue()
    assert len(list(notify_agencies())) == AGENCIES
    assert kills == 5
    assert Counter(DeadlineNotice.objects.values_list("agency", flat=True)) == dict.fromkeys([agency.pk for agency in agencies], DOMAINS)
    owners = Membership.objects.filter(role="owner").values_list("user__email", flat=True)
    customers = Customer.objects.values_list("email", flat=True)
    assert sent() == dict.fromkeys([("deadlines", email) for email in owners], 1) | dict.fromkeys(
        [("deadlines_customer", email) for email in customers], 1
    )
    managers = Membership.objects.filter(role="manager").values_list("pk", flat=True)
    assert Counter(DigestItem.objects.values_list("membership", flat=True)) == dict.fromkeys(managers, DOMAINS)
