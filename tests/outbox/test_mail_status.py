"""Delivery status of an e-mail: constraints and late reports."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import sweep
from tests.factories.outbox import MailFactory


@pytest.mark.parametrize("wrong", [{"status": "lost"}, {"status": "sent"}, {"sent_at": Now()}, {"status": "failed", "sent_at": Now()}])
def test_status_and_sent_at_are_consistent(db: None, wrong: dict[str, object]) -> None:
    MailFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.update(**wrong)


def test_late_failure_does_not_change_a_sent_email(db: None) -> None:
    mail = MailFactory()
    OutgoingMail.objects.update(status="sent", sent_at=Now())
    mail.reschedule("too slow")
    mail.mark_failed("too slow")
    mail.refresh_from_db()
    assert (mail.status, mail.last_error) == ("sent", "")


def test_sweep_enqueues_a_stalled_email_once(db: None) -> None:
    MailFactory()
    OutgoingMail.objects.update(next_attempt_at=Now() - timedelta(days=1), sent_to_broker_at=Now() - timedelta(days=1))
    assert (sweep(), sweep()) == (1, 0)
