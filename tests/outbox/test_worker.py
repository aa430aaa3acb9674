"""Mails on their whole way: committed here, handed to the broker, sent by a real worker, swept by a real beat."""

import time

from django.db import connection, transaction
from django.db.models.functions import Now

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import sweep
from tests.factories.outbox import MailFactory
from tests.smtp import Sink
from tests.waiting import eventually
from tests.workers import LEASE, Process


def once_sent(mail: OutgoingMail) -> OutgoingMail:
    """The mail, as soon as its sending is written down."""

    def is_sent() -> bool:
        mail.refresh_from_db()
        return mail.status == "sent"

    eventually(is_sent, "the mail is sent", otherwise=lambda: f"{mail.status}, attempt {mail.attempts}: {mail.last_error}")
    return mail


def settled() -> bool:
    """Whether nothing waits any more."""
    return not OutgoingMail.objects.filter(status="queued").exists()


def test_it_is_sent_after_the_commit_and_not_before(worker: Process, smtp_sink: Sink) -> None:
    with transaction.atomic():
        mail = MailFactory()
        time.sleep(0.5)
        assert smtp_sink.connections == 0
    assert smtp_sink.wait_for(mail.to_email).message["Message-ID"] == mail.message_id
    once_sent(mail)


def test_what_is_rolled_back_is_never_sent(worker: Process, smtp_sink: Sink) -> None:
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


def test_many_mails_arrive_once_each_over_few_connections(worker: Process, smtp_sink: Sink) -> None:
    with transaction.atomic():
        mails = MailFactory.create_batch(60)
    eventually(settled, "all are sent", otherwise=worker.logged)
    assert sorted(arrived.recipients[0] for arrived in smtp_sink.mails) == sorted(mail.to_email for mail in mails)
    # One for each of the worker's two processes, beside what they may have kept open before.
    assert smtp_sink.connections <= 2


def test_beat_and_worker_deliver_without_being_asked_what_nobody_was_told_of(
    worker: Process, celery_beat: Process, smtp_sink: Sink
) -> None:
    # As a backup puts it back, or a process leaves it that was killed between the commit and the broker.
    with transaction.atomic():
        mail = MailFactory()
        transaction.set_rollback(True)
    mail.pk = None
    mail.next_attempt_at = mail.enqueued_at = Now()
    mail.save(force_insert=True)
    assert smtp_sink.wait_for(mail.to_email)
    once_sent(mail)


def test_a_server_that_refuses_for_a_while_gets_everything_once_when_it_is_back(
    worker: Process, celery_beat: Process, smtp_sink: Sink
) -> None:
    smtp_sink.stop()
    mails = MailFactory.create_batch(5)
    eventually(lambda: OutgoingMail.objects.filter(attempts__gte=2).count() == 5, "each is tried twice", otherwise=worker.logged)
    assert OutgoingMail.objects.filter(status="queued").exclude(last_error="").count() == 5
    smtp_sink.start()
    smtp_sink.refuse("RCPT", "450 4.2.0 Greylisted", times=3)
    eventually(settled, "all are sent", otherwise=worker.logged)
    assert sorted(arrived.recipients[0] for arrived in smtp_sink.mails) == sorted(mail.to_email for mail in mails)
    assert set(OutgoingMail.objects.values_list("status", flat=True)) == {"sent"}


def test_a_worker_killed_while_smtp_talks_leaves_the_mail_to_the_next_one(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("DATA") as hold:
        mail = MailFactory()
        hold.wait()
        worker.kill()
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, smtp_sink.mails) == ("queued", 1, [])
    worker.start()
    eventually(sweep, "the mail is due again")
    smtp_sink.wait_for(mail.to_email)
    assert once_sent(mail).attempts == 2
    assert len(smtp_sink.mails) == 1


def test_a_worker_killed_right_after_the_yes_leaves_a_twin_that_can_be_told_by_its_message_id(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("BODY") as hold:
        mail = MailFactory()
        hold.wait()
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Rows stay locked and readable as they are; nobody writes.
                cursor.execute("LOCK TABLE outbox_outgoingmail IN SHARE MODE")
            hold.release()
            smtp_sink.wait_for(mail.to_email)
            eventually(is_somebody_waiting_to_write, "the worker is about to write down the yes")
            worker.kill()
    mail.refresh_from_db()
    assert (mail.status, mail.attempts) == ("queued", 1)
    worker.start()
    eventually(sweep, "the mail is due again")
    once_sent(mail)
    assert [arrived.message["Message-ID"] for arrived in smtp_sink.mails] == [mail.message_id] * 2


def is_somebody_waiting_to_write() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = 'outbox_outgoingmail'::regclass AND NOT granted")
        return bool(cursor.fetchone()[0])


def test_a_database_that_goes_away_while_smtp_talks_makes_no_twin(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("BODY") as hold:
        mail = MailFactory()
        hold.wait()
        with connection.cursor() as cursor:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT count(pg_terminate_backend(pid)) {others}")
            assert cursor.fetchone()[0] >= 1
        hold.release()
        once_sent(mail)
    time.sleep(LEASE)
    assert sweep() == 0
    assert len(smtp_sink.mails) == 1
    # The worker goes on as if nothing had been.
    once_sent(MailFactory())
