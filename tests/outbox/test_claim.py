"""Concurrent workers send an e-mail once. Each worker is a thread with its own database connection."""

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

from partnerportal.outbox import tasks
from partnerportal.outbox.delivery import close_connection
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import send, sweep
from tests.concurrency import at_once
from tests.factories.outbox import MailFactory
from tests.smtp import Sink
from tests.workers import broker_at

pytestmark = pytest.mark.django_db(transaction=True)

#: Longer than any lease.
LONG_AGO = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_broker(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These tests call the tasks directly, so no task reaches a real worker."""
    with broker_at("unix:///nowhere/broker.sock", monkeypatch):
        yield


def send_like_a_worker(*mail_ids: int) -> None:
    """Send e-mails and close the SMTP connection, as the end of a worker process would."""
    try:
        send(*mail_ids)
    finally:
        close_connection()


@contextmanager
def short_lock_timeout() -> Iterator[None]:
    """Raise an error in code that waits for a lock instead of skipping locked rows."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '500ms'")
    yield
    # Closing the connection resets the setting.
    connection.close()


def stall(mail: OutgoingMail) -> OutgoingMail:
    """Make an e-mail look as if the broker had lost its task."""
    OutgoingMail.objects.filter(pk=mail.pk).update(next_attempt_at=Now() - LONG_AGO, sent_to_broker_at=Now() - LONG_AGO)
    return mail


def test_ten_concurrent_workers_send_an_email_once(smtp: Sink) -> None:
    # Repeated, because the race depends on timing.
    for _ in range(10):
        mail = MailFactory()
        assert at_once(10, lambda _, pk=mail.pk: send_like_a_worker(pk)) == [None] * 10
        mail.refresh_from_db()
        assert (len(smtp.to(mail.to_email)), mail.status, mail.attempts) == (1, "sent", 1)


def test_second_worker_skips_an_email_being_sent(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_LEASE = 0.1
    mail = MailFactory()
    with ThreadPoolExecutor(1) as pool, smtp.holding("BODY") as hold:
        first = pool.submit(at_once, 1, lambda _: send_like_a_worker(mail.pk))
        hold.wait()
        # The lease has ended, but the server hasn't responded yet.
        time.sleep(0.2)
        with short_lock_timeout():
            send_like_a_worker(mail.pk)
        hold.release()
        assert first.result() == [None]
    mail.refresh_from_db()
    assert (len(smtp.mails), mail.status, mail.attempts) == (1, "sent", 1)


def test_short_lock_by_a_losing_worker_does_not_stop_the_winner(smtp: Sink) -> None:
    mail, held = MailFactory(), Event()

    def hold_for_a_moment(_: int) -> None:
        with transaction.atomic():
            OutgoingMail.objects.select_for_update().get(pk=mail.pk)
            held.set()
            time.sleep(0.2)

    def lock_between(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        """Lock the row after the claim and before it is locked for sending."""
        if "FOR UPDATE" in sql and "encrypted_body" in sql:
            pool.submit(at_once, 1, hold_for_a_moment)
            assert held.wait(10)
        return execute(sql, *args)

    with ThreadPoolExecutor(1) as pool, connection.execute_wrapper(lock_between):
        send_like_a_worker(mail.pk)
    mail.refresh_from_db()
    assert (held.is_set(), mail.status, mail.attempts) == (True, "sent", 1)


def test_locked_email_does_not_block_workers(smtp: Sink) -> None:
    mail = stall(MailFactory())
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
            with short_lock_timeout():
                send_like_a_worker(mail.pk)
                assert sweep() == 0
        finally:
            done.set()
        assert holder.result() == [None]
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, smtp.connections) == ("queued", 0, 0)


def test_claimed_email_is_due_again_after_the_lease(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_LEASE = 1.0
    mail = MailFactory()
    # A worker claims it and is killed.
    assert OutgoingMail.objects.claim(mail.pk)
    assert (OutgoingMail.objects.claim(mail.pk), sweep()) == (False, 0)
    time.sleep(1.05)
    assert sweep() == 1
    send_like_a_worker(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, len(smtp.mails)) == ("sent", 2, 1)


def test_email_that_kills_its_workers_runs_out_of_attempts(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 3
    mail = MailFactory()
    for _ in range(3):
        assert OutgoingMail.objects.claim(mail.pk)
        stall(mail)
    assert not OutgoingMail.objects.claim(mail.pk)
    assert sweep() == 0
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, smtp.connections) == ("failed", 3, 0)
    assert mail.last_error == "The last attempt never came to an end: its worker was killed."


def test_several_emails_are_claimed_together_only_for_their_first_attempt(smtp: Sink) -> None:
    mails = MailFactory.create_batch(4)
    OutgoingMail.objects.filter(pk=mails[1].pk).update(attempts=1)
    OutgoingMail.objects.filter(pk=mails[2].pk).update(status="failed")
    send(*(mail.pk for mail in mails))
    states = list(OutgoingMail.objects.order_by("pk").values_list("status", "attempts"))
    assert states == [("sent", 1), ("queued", 1), ("failed", 0), ("sent", 1)]
    assert (len(smtp.mails), smtp.connections) == (2, 1)


def test_ten_concurrent_workers_send_several_emails_once(smtp: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TIME_SLICE", 600)
    mails = MailFactory.create_batch(20)
    keys = [mail.pk for mail in mails]
    assert at_once(10, lambda index: send_like_a_worker(*keys[index:], *keys[:index])) == [None] * 10
    assert sorted(arrived.recipients[0] for arrived in smtp.mails) == sorted(mail.to_email for mail in mails)
    assert set(OutgoingMail.objects.values_list("status", "attempts")) == {("sent", 1)}


def test_slow_server_returns_the_rest_to_the_queue(smtp: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TIME_SLICE", 0)
    enqueued: list[tuple[int, ...]] = []
    monkeypatch.setattr(tasks, "enqueue", lambda *ids: enqueued.append(ids))
    first, *rest = MailFactory.create_batch(3)
    send(first.pk, *(mail.pk for mail in rest))
    assert enqueued == [tuple(mail.pk for mail in rest)]
    assert set(OutgoingMail.objects.exclude(pk=first.pk).values_list("status", "attempts")) == {("queued", 0)}
    for mail in rest:
        assert OutgoingMail.objects.claim(mail.pk)


def test_sweep_enqueues_emails_that_were_attempted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    mails = [stall(mail) for mail in MailFactory.create_batch(4)]
    OutgoingMail.objects.filter(pk__in=[mails[1].pk, mails[2].pk]).update(attempts=1)
    enqueued: list[tuple[int, ...]] = []
    monkeypatch.setattr(tasks, "enqueue", lambda *ids: enqueued.append(ids))
    assert sweep() == 4
    assert sorted(map(sorted, enqueued)) == [[mails[0].pk, mails[3].pk], [mails[1].pk], [mails[2].pk]]


def test_last_attempt_longer_than_its_lease_is_not_failed(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_MAX_ATTEMPTS, settings.OUTBOX_LEASE = 1, 0.1
    mail = MailFactory()
    with ThreadPoolExecutor(1) as pool, smtp.holding("BODY") as hold:
        sending = pool.submit(at_once, 1, lambda _: send_like_a_worker(mail.pk))
        hold.wait()
        time.sleep(0.2)
        with short_lock_timeout():
            assert sweep() == 0
        hold.release()
        assert sending.result() == [None]
    mail.refresh_from_db()
    assert (mail.status, len(smtp.mails)) == ("sent", 1)


def test_sweep_skips_fresh_future_and_finished_emails() -> None:
    fresh, later, done, failed = MailFactory.create_batch(4)
    OutgoingMail.objects.filter(pk=later.pk).update(next_attempt_at=Now() + LONG_AGO, sent_to_broker_at=Now() - LONG_AGO)
    for mail, values in ((done, {"status": "sent", "sent_at": Now()}), (failed, {"status": "failed"})):
        stall(mail)
        OutgoingMail.objects.filter(pk=mail.pk).update(**values)
    OutgoingMail.objects.filter(pk=fresh.pk).update(next_attempt_at=Now(), sent_to_broker_at=Now())
    assert sweep() == 0
