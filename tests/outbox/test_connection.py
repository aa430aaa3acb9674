"""Reuse of the connection to the mail server."""

import time
from threading import Timer
from typing import Any

import pytest

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import send
from tests.factories.outbox import MailFactory
from tests.smtp import Sink

pytestmark = pytest.mark.django_db


def statuses() -> set[str]:
    return set(OutgoingMail.objects.values_list("status", flat=True))


def test_connection_is_reused(smtp: Sink) -> None:
    for mail in MailFactory.create_batch(5):
        send(mail.pk)
    assert (len(smtp.mails), smtp.connections) == (5, 1)


def test_connection_closed_by_the_server_is_reopened(smtp: Sink) -> None:
    first, second = MailFactory.create_batch(2)
    send(first.pk)
    smtp.hang_up()
    send(second.pk)
    assert (len(smtp.mails), smtp.connections, statuses()) == (2, 2, {"sent"})
    assert list(OutgoingMail.objects.values_list("attempts", flat=True)) == [1, 1]


def test_server_limit_per_connection_opens_a_new_connection(smtp: Sink) -> None:
    first, second = MailFactory.create_batch(2)
    send(first.pk)
    smtp.refuse("MAIL", "452 4.5.3 Enough for this connection", times=1)
    send(second.pk)
    assert (len(smtp.mails), smtp.connections, statuses()) == (2, 2, {"sent"})


def test_silent_connection_is_replaced_quickly(smtp: Sink, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    first, second = MailFactory.create_batch(2)
    send(first.pk)
    with smtp.holding("RSET"):
        start = time.monotonic()
        send(second.pk)
        assert time.monotonic() - start < 5
    assert (len(smtp.mails), smtp.connections, statuses()) == (2, 2, {"sent"})


def test_slow_server_receives_an_email_once(smtp: Sink, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mail = MailFactory()
    with smtp.holding("BODY") as hold:
        Timer(1, hold.release).start()
        send(mail.pk)
    assert (len(smtp.mails), statuses()) == (1, {"sent"})
