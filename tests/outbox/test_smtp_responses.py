"""Outcome of an attempt after each response of the mail server."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from django.db.models.functions import Now
from django.utils import timezone

from partnerportal.outbox.delivery import close_connection
from partnerportal.outbox.models import MAX_BACKOFF, OutgoingMail
from partnerportal.outbox.tasks import send
from tests.factories.outbox import MailFactory
from tests.smtp import HANG_UP, Sink

pytestmark = pytest.mark.django_db

LATER = [
    ("CONNECT", "421 4.3.2 Too busy"),
    ("MAIL", "421 4.3.2 Closing down"),
    ("MAIL", "451 4.3.0 Try later"),
    ("MAIL", "550 5.7.1 We don't know you as a sender"),
    ("MAIL", "530 5.7.0 Authentication required"),
    ("RCPT", "421 4.3.2 Closing down"),
    ("RCPT", "450 4.2.0 Greylisted"),
    ("RCPT", "451 4.3.0 Local error"),
    ("RCPT", "452 4.2.2 Mailbox full"),
    ("RCPT", "530 5.7.0 Authentication required"),
    ("DATA", "451 4.3.0 Local error"),
    ("BODY", "421 4.3.2 Closing down"),
    ("BODY", "451 4.7.1 Try later"),
]
NEVER = [
    ("RCPT", "550 5.1.1 No such user"),
    ("RCPT", "551 5.1.6 User has moved"),
    ("RCPT", "553 5.1.3 No such mailbox"),
    ("DATA", "554 5.5.1 No valid recipients"),
    ("BODY", "554 5.7.1 Looks like spam"),
    ("BODY", "552 5.3.4 Too big"),
]


def try_to_send(mail: OutgoingMail) -> OutgoingMail:
    """Make the e-mail due and run one attempt."""
    OutgoingMail.objects.filter(pk=mail.pk).update(next_attempt_at=Now())
    send(mail.pk)
    mail.refresh_from_db()
    return mail


def delay(mail: OutgoingMail, since: datetime) -> float:
    return (mail.next_attempt_at - since).total_seconds()


@pytest.mark.parametrize(("step", "answer"), LATER)
def test_temporarily_rejected_email_is_retried(smtp: Sink, step: str, answer: str) -> None:
    smtp.refuse(step, answer, times=1)
    mail, before = MailFactory(), timezone.now()
    try_to_send(mail)
    assert (mail.status, mail.attempts, mail.last_error) == ("queued", 1, answer)
    assert 24 <= delay(mail, before) <= 32
    assert smtp.mails == []

    try_to_send(mail)
    assert (mail.status, mail.attempts, mail.last_error) == ("sent", 2, "")
    assert len(smtp.mails) == 1


@pytest.mark.parametrize(("step", "answer"), NEVER)
def test_permanently_rejected_email_fails_with_the_reason(smtp: Sink, step: str, answer: str) -> None:
    smtp.refuse(step, answer)
    mail = try_to_send(MailFactory())
    assert (mail.status, mail.attempts, mail.last_error, mail.sent_at) == ("failed", 1, answer, None)
    assert smtp.mails == []


def test_rejected_email_does_not_affect_the_next_one(smtp: Sink) -> None:
    for step, answer in NEVER:
        smtp.refuse(step, answer, times=1)
        assert try_to_send(MailFactory()).status == "failed"
        assert try_to_send(MailFactory()).status == "sent"
    # Even the connection is reused.
    assert smtp.connections == 1


def test_unavailable_server_is_retried(smtp: Sink) -> None:
    smtp.stop()
    mail = try_to_send(MailFactory())
    assert (mail.status, mail.attempts) == ("queued", 1)
    assert "ConnectionRefusedError" in mail.last_error
    smtp.start()
    assert try_to_send(mail).status == "sent"


@pytest.mark.parametrize("step", ["CONNECT", "MAIL", "RCPT", "DATA", "BODY"])
def test_server_that_disconnects_is_retried(smtp: Sink, step: str) -> None:
    smtp.refuse(step, HANG_UP, times=1)
    mail = try_to_send(MailFactory())
    assert (mail.status, mail.attempts, smtp.mails) == ("queued", 1, [])
    assert mail.last_error
    assert try_to_send(mail).status == "sent"


def test_rejected_password_is_retried(smtp: Sink, settings: Any) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", "mistyped"
    with Sink(authenticator=lambda *_: AuthResult(success=False, handled=False), auth_require_tls=False) as strict:
        settings.EMAIL_PORT = strict.port
        mail = try_to_send(MailFactory())
        close_connection()
    assert (mail.status, mail.last_error[:4]) == ("queued", "535 ")
    assert "mistyped" not in mail.last_error


@pytest.mark.parametrize("settings_", [{"EMAIL_USE_TLS": True}, {"EMAIL_USE_SSL": True}])
def test_server_without_required_tls_is_retried(smtp: Sink, settings: Any, settings_: dict[str, bool]) -> None:
    for name, value in settings_.items():
        setattr(settings, name, value)
    mail = try_to_send(MailFactory())
    assert (mail.status, mail.attempts, smtp.mails) == ("queued", 1, [])


def test_wrong_setting_is_retried(smtp: Sink, settings: Any) -> None:
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True  # mutually exclusive
    mail = try_to_send(MailFactory())
    assert (mail.status, mail.attempts) == ("queued", 1)
    assert "mutually exclusive" in mail.last_error


def test_delay_doubles_up_to_four_hours(smtp: Sink) -> None:
    smtp.refuse("CONNECT", "421 4.3.2 Too busy")
    mail = MailFactory()
    for attempt in range(1, 20):
        before = timezone.now()
        try_to_send(mail)
        longest = min(30 * 2 ** (attempt - 1), MAX_BACKOFF)
        assert 0.8 * longest <= delay(mail, before) <= longest + 5
        assert mail.status == "queued"
    assert longest == 4 * 60 * 60


def test_delays_vary_randomly(smtp: Sink) -> None:
    smtp.refuse("CONNECT", "421 4.3.2 Too busy")
    before = timezone.now()
    delays = [delay(try_to_send(MailFactory()), before) for _ in range(10)]
    assert max(delays) - min(delays) > 1


def test_email_fails_after_the_last_attempt(smtp: Sink, settings: Any) -> None:
    settings.OUTBOX_MAX_ATTEMPTS = 3
    smtp.refuse("CONNECT", "421 4.3.2 Too busy")
    mail = MailFactory()
    assert [try_to_send(mail).status for _ in range(4)] == ["queued", "queued", "failed", "failed"]
    assert (mail.attempts, mail.last_error, smtp.connections) == (3, "421 4.3.2 Too busy", 3)


def test_email_is_not_sent_before_it_is_due(smtp: Sink) -> None:
    mail = MailFactory()
    OutgoingMail.objects.filter(pk=mail.pk).update(next_attempt_at=Now() + timedelta(seconds=5))
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, smtp.connections) == ("queued", 0, 0)


def test_sent_email_is_not_sent_again(smtp: Sink) -> None:
    mail = MailFactory()
    for _ in range(3):
        try_to_send(mail)
    assert (mail.status, mail.attempts, len(smtp.mails)) == ("sent", 1, 1)
    assert mail.sent_at is not None


def test_any_server_response_can_be_stored(smtp: Sink) -> None:
    smtp.refuse("RCPT", "550 \0" + "no " * 1000)
    mail = try_to_send(MailFactory())
    assert mail.status == "failed"
    assert mail.last_error.startswith("550 \ufffdno no")
    assert len(mail.last_error) <= 1000


def test_deleted_email_is_ignored(smtp: Sink) -> None:
    mail = MailFactory()
    mail_id = mail.pk
    mail.delete()
    send(mail_id)
    assert smtp.connections == 0
