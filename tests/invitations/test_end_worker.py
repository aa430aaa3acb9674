"""Access that ends by a real worker, which is killed at any point."""

from collections import Counter
from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from customers.models import Customer
from invitations.models import AccessInvitation
from invitations.tasks import end_access
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.customers.test_import_worker import nobody_writes, somebody_waits
from tests.factories.invitations import ConnectedFactory
from tests.polling import eventually
from tests.workers import Process

#: Number of access that ends.
ROWS = 40


@pytest.fixture
def over(transactional_db: None, cast: Cast) -> list[AccessInvitation]:
    customers = Customer.objects.bulk_create(Customer(agency=cast.alder, number=1001 + n, company=f"Company {n}") for n in range(ROWS))
    yesterday = timezone.localdate() - timedelta(days=2)
    return [ConnectedFactory(customer=customer, term="month", ends_on=yesterday) for customer in customers]


def test_killed_workers_end_each_access_once(celery_worker: Process, over: list[AccessInvitation]) -> None:
    def start() -> None:
        current_app.send_task("invitations.end_access", retry=False)

    def ended() -> int:
        return AuditEvent.objects.filter(action="invitation.ended").count()

    worker = celery_worker
    for table in ("invitations_accessinvitation", "audit_auditevent", "outbox_outgoingmail"):
        before = ended()
        with nobody_writes(table):
            start()
            eventually(lambda table=table: somebody_waits(table), f"the worker writes to {table}", seconds=30, otherwise=worker.logged)
            worker.kill()
        assert (ended(), AccessInvitation.objects.filter(status="disconnected").count()) == (before, before)
        worker.start()
    for share in (0.2, 0.5):
        start()
        eventually(lambda share=share: ended() >= share * ROWS, "some access has ended", seconds=30, otherwise=worker.logged)
        worker.kill()
        worker.start()
    start()
    eventually(lambda: ended() == ROWS, "all access has ended", seconds=60, otherwise=worker.logged)
    # Again, as by a second beat.
    start()
    assert end_access() == 0
    mails = Counter(OutgoingMail.objects.filter(kind="access_over").values_list("to_email", flat=True))
    assert mails == {**{row.client.email: 1 for row in over}, "alice@alder.example": ROWS}
    assert AccessInvitation.objects.filter(status="disconnected").count() == ROWS
