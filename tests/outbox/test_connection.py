"""The connection to the mail server is kept from mail to mail, and no mail suffers for it."""

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


def test_many_mails_go_over_one_connection(smtp: Sink) -> None:
    for mail in MailFactory.create_batch(5):
        send(mail.pk)
    assert (len(smtp.mails), smtp.connections) == (5, 1)


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(smtp: Sink) -> None:
    first, second = MailFactory.create_batch(2)
    send(first.pk)
    smtp.hang_up()
    send(second.pk)
    assert (len(smtp.mails), smtp.connections, statuses()) == (2, 2, {"sent"})
    assert list(OutgoingMail.objects.values_list("attempts", flat=True)) == [1, 1]


def test_a_server_that_takes_only_so_many_mails_over_one_connection_gets_the_next_over_another(smtp: Sink) -> None:
    first, second = MailFactory.create_batch(2)
    send(first.pk)
    smtp.refuse("MAIL", "452 4.5.3 Enough for this connection", times=1)
    send(second.pk)
    assert (len(smtp.mails), smtp.connections, statuses()) == (2, 2, {"sent"})


def test_a_kept_connection_on_which_nothing_comes_back_holds_nobody_up_for_long(smtp: Sink, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    first, second = MailFactory.create_batch(2)
    send(first.pk)
    with smtp.holding("RSET"):
        begun = time.monotonic()
        send(second.pk)
        assert time.monotonic() - begun < 5
    assert (len(smtp.mails), smtp.connections, statuses()) == (2, 2, {"sent"})


def test_a_server_that_thinks_long_about_a_mail_gets_it_once(smtp: Sink, settings: Any) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mail = MailFactory()
    with smtp.holding("BODY") as hold:
        Timer(1, hold.release).start()
        send(mail.pk)
    assert (len(smtp.mails), statuses()) == (1, {"sent"})
