"""What the database lets a mail's row say about itself."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from partnerportal.outbox.models import OutgoingMail
from tests.factories.outbox import MailFactory


@pytest.mark.parametrize("wrong", [{"status": "lost"}, {"status": "sent"}, {"sent_at": Now()}, {"status": "failed", "sent_at": Now()}])
def test_a_mail_is_waiting_or_failed_or_sent_at_a_time(db: None, wrong: dict[str, object]) -> None:
    MailFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.update(**wrong)
