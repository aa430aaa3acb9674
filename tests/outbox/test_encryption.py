"""Bodies are encrypted, so that links in a stolen database dump can't be used."""

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


def test_row_contains_neither_text_nor_link() -> None:
    MailFactory(text=f"Please rate us: {LINK}", html=f'<a href="{LINK}">Rate us</a>')
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(mail)::text, encode(encrypted_body, 'escape') FROM outbox_outgoingmail mail")
        row, body = cursor.fetchone()
    for secret in ("s3cr3t", "portal.example/r/", "rate us", "Rate us"):
        assert secret not in row
        assert secret not in body


def test_same_text_is_encrypted_differently_each_time() -> None:
    assert len({bytes(mail.encrypted_body) for mail in MailFactory.create_batch(3, text="Hello")}) == 3


def test_fallback_key_decrypts_older_emails(smtp: Sink, settings: Any) -> None:
    settings.SECRET_KEY = OLD
    mail = MailFactory(text=f"{LINK}\n")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, ["another former key, of 32 characters", OLD]
    send(mail.pk)
    assert smtp.mails[0].part("plain") == f"{LINK}\n"


def test_email_without_its_key_fails_with_a_hint_and_does_not_stop_others(smtp: Sink, settings: Any) -> None:
    settings.SECRET_KEY = OLD
    undecryptable = MailFactory()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, []
    other = MailFactory()
    for mail in (undecryptable, other):
        send(mail.pk)
        mail.refresh_from_db()
    assert (undecryptable.status, other.status) == ("failed", "sent")
    assert "SECRET_KEY_FALLBACKS" in undecryptable.last_error
    assert [arrived.recipients for arrived in smtp.mails] == [[other.to_email]]


def test_modified_body_is_rejected(smtp: Sink) -> None:
    mail = MailFactory()
    encrypted = bytearray(mail.encrypted_body)
    encrypted[-10] ^= 1
    OutgoingMail.objects.filter(pk=mail.pk).update(encrypted_body=bytes(encrypted))
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, smtp.mails) == ("failed", [])


def test_page_of_an_email_without_its_key_shows_all_but_the_body(alice: Client, cast: Cast, settings: Any) -> None:
    key = settings.SECRET_KEY
    settings.SECRET_KEY = OLD
    mail = MailFactory(agency=cast.alder, subject="Your review", text="Hello Lea")
    settings.SECRET_KEY = key
    answer = alice.get(f"/company/mail/{mail.pk}/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Your review" in page
    assert "Hello Lea" not in page
