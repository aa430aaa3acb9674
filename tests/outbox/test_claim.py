"""One mail, several workers: one of them sends it. Each worker here is a thread with a database connection of its own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from partnerportal.outbox.delivery import close_connection
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import send, sweep
from tests.concurrency import at_once
from tests.factories.outbox import MailFactory
from tests.smtp import Sink
from tests.workers import broker_at

pytestmark = pytest.mark.django_db(transaction=True)

#: Longer ago than any lease.
LONG_AGO = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_broker(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever sends here is called by hand; no worker hears of it."""
    with broker_at("unix:///nowhere/broker.sock", monkeypatch):
        yield


def send_like_a_worker(mail_id: int) -> None:
    """Send, and let go of what a worker's process would take with it."""
    try:
        send(mail_id)
    finally:
        close_connection()


@contextmanager
def impatience() -> Iterator[None]:
    """Who waits for a lock instead of skipping what is locked gets an error."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '500ms'")
    yield
    # With the connection the setting goes.
    connection.close()


def lose(mail: OutgoingMail) -> OutgoingMail:
    """Make it one that the broker forgot."""
    OutgoingMail.objects.filter(pk=mail.pk).update(next_attempt_at=Now() - LONG_AGO, sent_to_broker_at=Now() - LONG_AGO)
    return mail


def test_ten_workers_at_once_send_it_once(smtp: Sink) -> None:
    # Again and again: what they do to each other is a matter of moments.
    for _ in range(10):
        mail = MailFactory()
        assert at_once(10, lambda _, pk=mail.pk: send_like_a_worker(pk)) == [None] * 10
        mail.refresh_from_db()
        assert (len(smtp.to(mail.to_email)), mail.status, mail.attempts) == (1, "sent", 1)


def test_another_worker_turns_away_at_once_while_one_is_sending(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_LEASE = 0.1
    mail = MailFactory()
    with ThreadPoolExecutor(1) as pool, smtp.holding("BODY") as hold:
        first = pool.submit(at_once, 1, lambda _: send_like_a_worker(mail.pk))
        hold.wait()
        # Its lease has ended, the server still thinks.
        time.sleep(0.2)
        with impatience():
            send_like_a_worker(mail.pk)
        hold.release()
        assert first.result() == [None]
    mail.refresh_from_db()
    assert (len(smtp.mails), mail.status, mail.attempts) == (1, "sent", 1)


def test_whoever_lost_the_race_for_it_and_holds_it_a_moment_longer_does_not_keep_the_winner_from_it(smtp: Sink) -> None:
    mail, held = MailFactory(), Event()

    def hold_for_a_moment(_: int) -> None:
        with transaction.atomic():
            OutgoingMail.objects.select_for_update().get(pk=mail.pk)
            held.set()
            time.sleep(0.2)

    def get_in_between(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        """After the claim, before the row is locked for sending."""
        if "FOR UPDATE" in sql and "encrypted_body" in sql:
            pool.submit(at_once, 1, hold_for_a_moment)
            assert held.wait(10)
        return execute(sql, *args)

    with ThreadPoolExecutor(1) as pool, connection.execute_wrapper(get_in_between):
        send_like_a_worker(mail.pk)
    mail.refresh_from_db()
    assert (held.is_set(), mail.status, mail.attempts) == (True, "sent", 1)


def test_a_locked_mail_holds_no_worker_up(smtp: Sink) -> None:
    mail = lose(MailFactory())
    locked, done = Event(), Event()

    def hold_the_row(_: int) -> None:
        with transaction.atomic():
            OutgoingMail.objects.select_for_update().get(pk=mail.pk)
            locked.set()
            assert done.wait(20)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(at_once, 1, hold_the_row)
        assert locked.wait(10)
        try:
            with impatience():
                send_like_a_worker(mail.pk)
                assert sweep() == 0
        finally:
            done.set()
        assert holder.result() == [None]
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, smtp.connections) == ("queued", 0, 0)


def test_a_taken_mail_is_due_again_after_the_lease(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_LEASE = 1.0
    mail = MailFactory()
    # A worker takes it, and is seen no more.
    assert OutgoingMail.objects.claim(mail.pk)
    assert (OutgoingMail.objects.claim(mail.pk), sweep()) == (False, 0)
    time.sleep(1.05)
    assert sweep() == 1
    send_like_a_worker(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, len(smtp.mails)) == ("sent", 2, 1)


def test_a_mail_that_kills_its_workers_runs_out_of_attempts(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 3
    mail = MailFactory()
    for _ in range(3):
        assert OutgoingMail.objects.claim(mail.pk)
        lose(mail)
    assert not OutgoingMail.objects.claim(mail.pk)
    assert sweep() == 0
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, smtp.connections) == ("failed", 3, 0)
    assert mail.last_error == "The last attempt never came to an end: its worker was killed."


def test_a_last_attempt_that_takes_longer_than_its_lease_is_not_given_up(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_MAX_ATTEMPTS, settings.OUTBOX_LEASE = 1, 0.1
    mail = MailFactory()
    with ThreadPoolExecutor(1) as pool, smtp.holding("BODY") as hold:
        sending = pool.submit(at_once, 1, lambda _: send_like_a_worker(mail.pk))
        hold.wait()
        time.sleep(0.2)
        with impatience():
            assert sweep() == 0
        hold.release()
        assert sending.result() == [None]
    mail.refresh_from_db()
    assert (mail.status, len(smtp.mails)) == ("sent", 1)


def test_a_sweep_leaves_alone_what_is_fresh_not_yet_due_or_done() -> None:
    fresh, later, done, failed = MailFactory.create_batch(4)
    OutgoingMail.objects.filter(pk=later.pk).update(next_attempt_at=Now() + LONG_AGO, sent_to_broker_at=Now() - LONG_AGO)
    for mail, values in ((done, {"status": "sent", "sent_at": Now()}), (failed, {"status": "failed"})):
        lose(mail)
        OutgoingMail.objects.filter(pk=mail.pk).update(**values)
    OutgoingMail.objects.filter(pk=fresh.pk).update(next_attempt_at=Now(), sent_to_broker_at=Now())
    assert sweep() == 0
