"""Bodies lie sealed in the database: who steals a copy can follow no link."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import send
from tests.cast import Cast
from tests.factories.outbox import MailFactory
from tests.smtp import Sink

pytestmark = pytest.mark.django_db

LINK = "https://portal.example/r/s3cr3t-t0ken/"
OLD, NEW = "an old key that was used for some years …", "a new key that was made because of a leak …"


def test_the_row_holds_neither_the_text_nor_the_link() -> None:
    MailFactory(text=f"Please rate us: {LINK}", html=f'<a href="{LINK}">Rate us</a>')
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(mail)::text, encode(encrypted_body, 'escape') FROM outbox_outgoingmail mail")
        row, body = cursor.fetchone()
    for secret in ("s3cr3t", "portal.example/r/", "rate us", "Rate us"):
        assert secret not in row
        assert secret not in body


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert len({bytes(mail.encrypted_body) for mail in MailFactory.create_batch(3, text="Hello")}) == 3


def test_what_a_former_key_sealed_still_opens(smtp: Sink, settings: Any) -> None:
    settings.SECRET_KEY = OLD
    mail = MailFactory(text=f"{LINK}\n")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, ["another former key, of 32 characters", OLD]
    send(mail.pk)
    assert smtp.mails[0].part("plain") == f"{LINK}\n"


def test_without_its_key_a_mail_fails_and_says_what_to_do_and_the_others_go_out(smtp: Sink, settings: Any) -> None:
    settings.SECRET_KEY = OLD
    locked_in = MailFactory()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, []
    other = MailFactory()
    for mail in (locked_in, other):
        send(mail.pk)
        mail.refresh_from_db()
    assert (locked_in.status, other.status) == ("failed", "sent")
    assert "SECRET_KEY_FALLBACKS" in locked_in.last_error
    assert [arrived.recipients for arrived in smtp.mails] == [[other.to_email]]


def test_a_body_that_was_tampered_with_does_not_open(smtp: Sink) -> None:
    mail = MailFactory()
    sealed = bytearray(mail.encrypted_body)
    sealed[-10] ^= 1
    OutgoingMail.objects.filter(pk=mail.pk).update(encrypted_body=bytes(sealed))
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, smtp.mails) == ("failed", [])


def test_the_page_of_a_mail_without_its_key_shows_all_but_the_body(alice: Client, cast: Cast, settings: Any) -> None:
    key = settings.SECRET_KEY
    settings.SECRET_KEY = OLD
    mail = MailFactory(agency=cast.alder, subject="Your review", text="Hello Lea")
    settings.SECRET_KEY = key
    answer = alice.get(f"/company/mail/{mail.pk}/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Your review" in page
    assert "Hello Lea" not in page
