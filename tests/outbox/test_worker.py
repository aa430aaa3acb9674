"""Beat and worker send every e-mail after crashes, outages and lost tasks."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from partnerportal import celery_app
from partnerportal.outbox.models import OutgoingMail
from reviews.models import ReviewRequest
from tests import workers
from tests.cast import Cast
from tests.factories.outbox import MailFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.polling import eventually
from tests.smtp import Sink
from tests.workers import LEASE, REMINDERS, SWEEP, Process, Wire

pytestmark = pytest.mark.usefixtures("celery_beat")


def once_sent(mail: OutgoingMail) -> OutgoingMail:
    """Return the e-mail once its status is sent."""

    def is_sent() -> bool:
        mail.refresh_from_db()
        return mail.status == "sent"

    eventually(is_sent, "the mail is sent", otherwise=lambda: f"{mail.status}, attempt {mail.attempts}: {mail.last_error}")
    return mail


def settled() -> bool:
    """Return whether no e-mail is queued."""
    return not OutgoingMail.objects.filter(status="queued").exists()


def test_beat_and_worker_send_emails_that_were_never_enqueued(worker: Process, smtp_sink: Sink) -> None:
    # Like after a restore, or if a process was killed between the commit and the broker.
    with transaction.atomic():
        mail = MailFactory()
        transaction.set_rollback(True)
    mail.pk = None
    mail.next_attempt_at = mail.sent_to_broker_at = Now()
    mail.save(force_insert=True)
    assert smtp_sink.wait_for(mail.to_email)
    once_sent(mail)


def test_server_receives_each_email_once_after_an_outage(worker: Process, smtp_sink: Sink) -> None:
    smtp_sink.stop()
    mails = MailFactory.create_batch(5)
    eventually(lambda: OutgoingMail.objects.filter(attempts__gte=2).count() == 5, "each is tried twice", otherwise=worker.logged)
    assert OutgoingMail.objects.filter(status="queued").exclude(last_error="").count() == 5
    smtp_sink.start()
    smtp_sink.refuse("RCPT", "450 4.2.0 Greylisted", times=3)
    eventually(settled, "all are sent", otherwise=worker.logged)
    assert sorted(arrived.recipients[0] for arrived in smtp_sink.mails) == sorted(mail.to_email for mail in mails)
    assert set(OutgoingMail.objects.values_list("status", flat=True)) == {"sent"}


def test_next_worker_sends_the_email_of_a_killed_worker(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("DATA") as hold:
        mail = MailFactory()
        hold.wait()
        worker.kill()
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, smtp_sink.mails) == ("queued", 1, [])
    worker.start()
    smtp_sink.wait_for(mail.to_email)
    assert once_sent(mail).attempts == 2
    assert len(smtp_sink.mails) == 1


def test_emails_of_one_transaction_survive_their_killed_worker(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("DATA") as hold:
        with transaction.atomic():
            mails = MailFactory.create_batch(5)
        hold.wait()
        worker.kill()
    assert (set(OutgoingMail.objects.values_list("status", "attempts")), smtp_sink.mails) == ({("queued", 1)}, [])
    worker.start()
    assert [once_sent(mail).attempts for mail in mails] == [2] * 5
    assert len(smtp_sink.mails) == 5


def test_worker_finishes_started_emails_on_shutdown(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("BODY") as hold:
        mails = MailFactory.create_batch(2)
        eventually(lambda: OutgoingMail.objects.filter(attempts=1).count() == 2, "both are under way", otherwise=worker.logged)
        rest = MailFactory.create_batch(3)
        worker.ask_to_end()
        eventually(lambda: "Warm shutdown" in worker.log.read_text(), "it is about to end", otherwise=worker.logged)
        hold.release()
        assert worker.ended() == 0
    assert [once_sent(mail).attempts for mail in mails] == [1, 1]
    assert len(smtp_sink.mails) == 2
    worker.start()
    assert [once_sent(mail).attempts for mail in rest] == [1, 1, 1]
    assert len(smtp_sink.mails) == 5


def test_two_beats_do_nothing_twice(
    worker: Process, celery_beat: Process, smtp_sink: Sink, broker_wire: Wire, tmp_path: Path, cast: Cast
) -> None:
    week = timezone.now() - timedelta(days=8)
    with workers.beat(smtp_sink, broker_wire.url, tmp_path):
        # Only sweeps retry greylisted e-mails; a scheduled task sends the reminders.
        smtp_sink.refuse("RCPT", "450 4.2.0 Greylisted", times=6)
        mails = MailFactory.create_batch(6)
        asked = [ReviewRequestFactory(customer__agency=cast.alder, requested_by=cast.stan, mailed_at=week) for _ in range(20)]
        for mail in mails:
            once_sent(mail)
        eventually(
            lambda: not ReviewRequest.objects.filter(reminded_at=None).exists(), "all are reminded", seconds=60, otherwise=worker.logged
        )
        time.sleep(REMINDERS + SWEEP)
        eventually(settled, "all is sent", seconds=60, otherwise=worker.logged)
    assert OutgoingMail.objects.filter(kind="review_reminder").count() == len(asked)
    assert len(smtp_sink.mails) == len(mails) + len(asked)


def test_duplicate_after_a_killed_worker_has_the_same_message_id(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("BODY") as hold:
        mail = MailFactory()
        hold.wait()
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Blocks all writes; rows stay readable.
                cursor.execute("LOCK TABLE outbox_outgoingmail IN SHARE MODE")
            hold.release()
            smtp_sink.wait_for(mail.to_email)
            eventually(is_write_blocked, "the worker is about to write down the yes")
            worker.kill()
    mail.refresh_from_db()
    assert (mail.status, mail.attempts) == ("queued", 1)
    worker.start()
    once_sent(mail)
    assert [arrived.message["Message-ID"] for arrived in smtp_sink.mails] == [mail.message_id] * 2


def is_write_blocked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = 'outbox_outgoingmail'::regclass AND NOT granted")
        return bool(cursor.fetchone()[0])


def test_lost_database_connection_during_smtp_causes_no_duplicate(worker: Process, smtp_sink: Sink) -> None:
    with smtp_sink.holding("BODY") as hold:
        mail = MailFactory()
        hold.wait()
        with connection.cursor() as cursor:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT count(pg_terminate_backend(pid)) {others}")
            assert cursor.fetchone()[0] >= 1
        hold.release()
        once_sent(mail)
    # Long enough for a sweep to find stalled e-mails.
    time.sleep(LEASE + 2 * SWEEP)
    assert len(smtp_sink.mails) == 1
    # Both worker processes continue normally.
    offset = len(worker.log.read_text())
    for mail in MailFactory.create_batch(10):
        once_sent(mail)
    assert "raised unexpected" not in worker.log.read_text()[offset:]


def test_emails_are_enqueued_again_after_the_broker_lost_its_data(worker: Process, smtp_sink: Sink, broker_wire: Wire) -> None:
    broker_wire.cut()
    forgotten = MailFactory()
    with celery_app.connection_for_write() as broker:
        broker.default_channel.client.flushdb()
    broker_wire.mend()
    smtp_sink.wait_for(forgotten.to_email)
    # Sender and worker continue normally.
    after = MailFactory()
    smtp_sink.wait_for(after.to_email)
    assert len(smtp_sink.mails) == 2


def test_worker_and_beat_reconnect_to_a_restarted_broker(worker: Process, celery_beat: Process, smtp_sink: Sink, broker_wire: Wire) -> None:
    before = MailFactory()
    smtp_sink.wait_for(before.to_email)
    broker_wire.cut()
    time.sleep(1)
    during = MailFactory()
    broker_wire.mend()
    smtp_sink.wait_for(during.to_email)
    assert (worker.is_running, celery_beat.is_running, len(smtp_sink.mails)) == (True, True, 2)


def test_worker_survives_a_lost_broker_with_prefetched_jobs(worker: Process, smtp_sink: Sink, broker_wire: Wire) -> None:
    with smtp_sink.holding("BODY") as hold:
        mails = MailFactory.create_batch(2)
        # Both processes are busy, so the worker prefetches the next jobs.
        eventually(lambda: OutgoingMail.objects.filter(attempts=1).count() == 2, "both are under way", otherwise=worker.logged)
        mails += MailFactory.create_batch(2)
        time.sleep(0.5)
        broker_wire.cut()
        time.sleep(0.5)
        broker_wire.mend()
        hold.release()
        for mail in mails:
            once_sent(mail)
    assert worker.is_running
    assert len(smtp_sink.mails) == 4
