"""What a mail's row says about itself: what the database lets it say, and what a late report changes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import sweep
from tests.factories.outbox import MailFactory


@pytest.mark.parametrize("wrong", [{"status": "lost"}, {"status": "sent"}, {"sent_at": Now()}, {"status": "failed", "sent_at": Now()}])
def test_a_mail_is_waiting_or_failed_or_sent_at_a_time(db: None, wrong: dict[str, object]) -> None:
    MailFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.update(**wrong)


def test_a_late_report_undoes_no_sending(db: None) -> None:
    mail = MailFactory()
    OutgoingMail.objects.update(status="sent", sent_at=Now())
    mail.reschedule("too slow")
    mail.mark_failed("too slow")
    mail.refresh_from_db()
    assert (mail.status, mail.last_error) == ("sent", "")


def test_a_sweep_leaves_to_the_broker_what_it_has_just_handed_out(db: None) -> None:
    MailFactory()
    OutgoingMail.objects.update(next_attempt_at=Now() - timedelta(days=1), sent_to_broker_at=Now() - timedelta(days=1))
    assert (sweep(), sweep()) == (1, 0)
