"""What beat sweeps up and a worker sends after all: whatever was killed, cut off, refused or forgotten in between."""

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
from tests.workers import LEASE, SWEEP, Process, Wire

pytestmark = pytest.mark.usefixtures("celery_beat")


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


def test_beat_and_worker_deliver_without_being_asked_what_nobody_was_told_of(worker: Process, smtp_sink: Sink) -> None:
    # As a backup puts it back, or a process leaves it that was killed between the commit and the broker.
    with transaction.atomic():
        mail = MailFactory()
        transaction.set_rollback(True)
    mail.pk = None
    mail.next_attempt_at = mail.sent_to_broker_at = Now()
    mail.save(force_insert=True)
    assert smtp_sink.wait_for(mail.to_email)
    once_sent(mail)


def test_a_server_that_refuses_for_a_while_gets_everything_once_when_it_is_back(worker: Process, smtp_sink: Sink) -> None:
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
    smtp_sink.wait_for(mail.to_email)
    assert once_sent(mail).attempts == 2
    assert len(smtp_sink.mails) == 1


def test_a_worker_that_is_asked_to_end_sends_what_it_has_begun_and_leaves_the_rest(worker: Process, smtp_sink: Sink) -> None:
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


def test_two_beats_by_accident_do_nothing_twice(
    worker: Process, celery_beat: Process, smtp_sink: Sink, broker_wire: Wire, tmp_path: Path, cast: Cast
) -> None:
    week = timezone.now() - timedelta(days=8)
    with workers.beat(smtp_sink, broker_wire.url, tmp_path):
        # Greylisted mails come back by sweeps alone; reminders are mailed by beat's own task.
        smtp_sink.refuse("RCPT", "450 4.2.0 Greylisted", times=6)
        mails = MailFactory.create_batch(6)
        asked = [ReviewRequestFactory(customer__agency=cast.alder, requested_by=cast.stan, mailed_at=week) for _ in range(20)]
        for mail in mails:
            once_sent(mail)
        eventually(lambda: not ReviewRequest.objects.filter(reminded_at=None).exists(), "all are reminded", otherwise=worker.logged)
        time.sleep(3 * SWEEP)
        eventually(settled, "all is sent", otherwise=worker.logged)
    assert OutgoingMail.objects.filter(kind="review_reminder").count() == len(asked)
    assert len(smtp_sink.mails) == len(mails) + len(asked)


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
    # Time enough for a sweep to find what it thinks is lost.
    time.sleep(LEASE + 2 * SWEEP)
    assert len(smtp_sink.mails) == 1
    # Both of the worker's processes go on as if nothing had been.
    said = len(worker.log.read_text())
    for mail in MailFactory.create_batch(10):
        once_sent(mail)
    assert "raised unexpected" not in worker.log.read_text()[said:]


def test_a_broker_that_forgot_everything_is_told_again(worker: Process, smtp_sink: Sink, broker_wire: Wire) -> None:
    broker_wire.cut()
    forgotten = MailFactory()
    with celery_app.connection_for_write() as broker:
        broker.default_channel.client.flushdb()
    broker_wire.mend()
    smtp_sink.wait_for(forgotten.to_email)
    # Who handed it out, and who took it, go on as if nothing had been.
    after = MailFactory()
    smtp_sink.wait_for(after.to_email)
    assert len(smtp_sink.mails) == 2


def test_worker_and_beat_find_back_to_a_broker_that_was_restarted(
    worker: Process, celery_beat: Process, smtp_sink: Sink, broker_wire: Wire
) -> None:
    before = MailFactory()
    smtp_sink.wait_for(before.to_email)
    broker_wire.cut()
    time.sleep(1)
    meanwhile = MailFactory()
    broker_wire.mend()
    smtp_sink.wait_for(meanwhile.to_email)
    assert (worker.is_running, celery_beat.is_running, len(smtp_sink.mails)) == (True, True, 2)


def test_a_broker_that_goes_away_while_jobs_wait_in_the_worker_does_not_end_it(worker: Process, smtp_sink: Sink, broker_wire: Wire) -> None:
    with smtp_sink.holding("BODY") as hold:
        mails = MailFactory.create_batch(2)
        # Both of its processes are busy; what comes now waits in its hands.
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
