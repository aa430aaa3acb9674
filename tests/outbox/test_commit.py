"""E-mails are sent immediately after the commit of the change they report, and never without it."""

import time

from django.db import transaction

from partnerportal.outbox.models import OutgoingMail
from tests.factories.outbox import MailFactory
from tests.polling import eventually
from tests.smtp import Sink
from tests.workers import Process


def test_email_is_sent_after_the_commit_and_not_before(worker: Process, smtp_sink: Sink) -> None:
    with transaction.atomic():
        mail = MailFactory()
        time.sleep(0.5)
        assert smtp_sink.connections == 0
    assert smtp_sink.wait_for(mail.to_email).message["Message-ID"] == mail.message_id


def test_rolled_back_email_is_never_sent(worker: Process, smtp_sink: Sink) -> None:
    with transaction.atomic():
        MailFactory()
        transaction.set_rollback(True)
    with transaction.atomic():
        savepoint = transaction.savepoint()
        MailFactory()
        transaction.savepoint_rollback(savepoint)
        last = MailFactory()
    smtp_sink.wait_for(last.to_email)
    assert (len(smtp_sink.mails), OutgoingMail.objects.count()) == (1, 1)


def test_many_emails_arrive_once_each_over_few_connections(worker: Process, smtp_sink: Sink) -> None:
    with transaction.atomic():
        mails = MailFactory.create_batch(60)
    eventually(lambda: not OutgoingMail.objects.filter(status="queued").exists(), "all are sent", otherwise=worker.logged)
    assert sorted(arrived.recipients[0] for arrived in smtp_sink.mails) == sorted(mail.to_email for mail in mails)
    # At most one new connection for each of the worker's two processes.
    assert smtp_sink.connections <= 2
