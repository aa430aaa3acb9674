"""E-mails as the recipient receives them."""

from email import message_from_bytes, policy
from typing import Any

import pytest
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from partnerportal.outbox.letters import Letter
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_letter
from partnerportal.outbox.tasks import send
from tests.cast import Cast
from tests.factories.outbox import MailFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.smtp import Arrived, Sink

pytestmark = pytest.mark.django_db


def sent(smtp: Sink, mail: OutgoingMail) -> Arrived:
    send(mail.pk)
    mail.refresh_from_db()
    assert mail.status == "sent", mail.last_error
    return smtp.to(mail.to_email)[0]


def test_email_has_a_text_and_an_html_part(smtp: Sink) -> None:
    arrived = sent(smtp, MailFactory(text="Hello Lea\n", html="<p>Hello <b>Lea</b></p>"))
    assert arrived.message.get_content_type() == "multipart/alternative"
    assert (arrived.part("plain"), arrived.part("html")) == ("Hello Lea\n", "<p>Hello <b>Lea</b></p>")


def test_email_without_html_is_plain_text(smtp: Sink) -> None:
    assert sent(smtp, MailFactory(html="")).message.get_content_type() == "text/plain"


def test_sender_is_the_portal_address_with_the_agency_name(smtp: Sink, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Partner Portal <portal@portal.example>"
    arrived = sent(smtp, MailFactory(from_name="Müller & Söhne, „Web“ <ceo@bank.example> 🚀"))
    sender = arrived.message["From"].addresses
    assert [(a.display_name, a.addr_spec) for a in sender] == [
        ("Müller & Söhne, „Web“ <ceo@bank.example> 🚀", "portal@portal.example"),
    ]
    assert arrived.sender == "portal@portal.example"


def test_default_sender_is_the_portal(smtp: Sink, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Partner Portal <portal@portal.example>"
    assert sent(smtp, MailFactory()).message["From"] == "Partner Portal <portal@portal.example>"


def test_reply_to_is_set_only_on_request(smtp: Sink) -> None:
    assert sent(smtp, MailFactory(reply_to="alice@alder.example")).message["Reply-To"] == "alice@alder.example"
    assert sent(smtp, MailFactory()).message["Reply-To"] is None


def test_message_id_is_stored_in_the_row(smtp: Sink) -> None:
    mail = MailFactory()
    assert sent(smtp, mail).message["Message-ID"] == mail.message_id


def test_email_is_marked_as_auto_generated(smtp: Sink) -> None:
    assert sent(smtp, MailFactory()).message["Auto-Submitted"] == "auto-generated"


def test_subject_is_reduced_to_one_line(smtp: Sink) -> None:
    mail = MailFactory(subject=" Hi\r\nBcc: everybody@clients.example\n\tthere\u2028you\x0b\x1b\x85! ")
    arrived = sent(smtp, mail)
    assert arrived.message["Subject"] == "Hi Bcc: everybody@clients.example there you !"
    assert arrived.message["Bcc"] is None
    assert arrived.recipients == [mail.to_email]


def test_sender_name_is_reduced_to_one_line(smtp: Sink) -> None:
    arrived = sent(smtp, MailFactory(from_name="Alder\r\nBcc: everybody@clients.example"))
    assert arrived.message["From"].addresses[0].display_name == "Alder Bcc: everybody@clients.example"
    assert arrived.message["Bcc"] is None


def test_unicode_text_arrives_unchanged(smtp: Sink) -> None:
    words = "Grüße aus Köln – schön 🎉 שלום"
    arrived = sent(smtp, MailFactory(subject=words, text=f"{words}\n", html=f"<p>{words}</p>"))
    assert (arrived.message["Subject"], arrived.part("plain"), arrived.part("html")) == (words, f"{words}\n", f"<p>{words}</p>")


def test_an_overlong_subject_is_shortened(smtp: Sink) -> None:
    assert sent(smtp, MailFactory(subject="ü" * 400)).message["Subject"].strip() == "ü" * 300


@pytest.mark.parametrize("text", ["one\n.\ntwo\n..\n", "a\n.\nMAIL FROM:<x@y.example>\nb\n", "long " * 5000 + "\n", "nul \0 bell \a\n"])
def test_unusual_bodies_arrive_unchanged(smtp: Sink, text: str) -> None:
    assert sent(smtp, MailFactory(text=text)).part("plain") == text
    assert len(smtp.mails) == 1


def test_line_endings_cannot_end_the_message_early(smtp: Sink) -> None:
    sent(smtp, MailFactory(text="a\r.\rMAIL FROM:<x@y.example>\r\n.\r\nb\n", html=""))
    assert len(smtp.mails) == 1
    assert smtp.mails[0].part("plain") == "a\n.\nMAIL FROM:<x@y.example>\n.\nb\n"


def test_domain_with_umlauts_is_encoded(smtp: Sink) -> None:
    mail = MailFactory(to="lea@müller.example")
    send(mail.pk)
    assert smtp.mails[0].recipients == ["lea@xn--mller-kva.example"]


def test_surrogate_character_fails_immediately(smtp: Sink) -> None:
    mail = MailFactory(text="\ud83c")
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, smtp.connections) == ("failed", 0)
    assert "UnicodeEncodeError" in mail.last_error


def test_invalid_address_fails_immediately(smtp: Sink) -> None:
    mail = MailFactory(to="lea@clients.example\nBcc: x@y.example")
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, smtp.mails) == ("failed", [])


def test_missing_recipient_fails_immediately(smtp: Sink) -> None:
    mail = MailFactory(to="")
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, mail.last_error) == ("failed", "There is no recipient.")


def test_template_uses_the_recipients_language_and_escapes_input(smtp: Sink, cast: Cast) -> None:
    cast.alder.name = 'Alder & "Söhne" <web>'
    cast.alder.save()
    request = ReviewRequestFactory(agency=cast.alder, customer__agency=cast.alder)
    mail = queue_letter(
        Letter(
            kind="review_request",
            template="review_request",
            subject="Review",
            values={"agency": request.agency.name, "link": "https://x.example/r/1/", "valid_until": request.valid_until},
            language="de",
            to="lea@clients.example",
        )
    )
    arrived = sent(smtp, mail)
    assert 'Alder & "Söhne" <web>' in arrived.part("plain")
    assert "Alder &amp; &quot;Söhne&quot; &lt;web&gt;" in arrived.part("html")
    with translation.override("de"):
        assert date_format(request.valid_until) in arrived.part("plain")


def test_user_input_is_neither_expanded_nor_interpreted() -> None:
    typed = "100% %(agency)s %d {{ kind }} <b>"
    mail = queue_letter(
        Letter(
            kind="test",
            to="lea@clients.example",
            subject=gettext_lazy("%(agency)s replied to your review"),
            intro=gettext_lazy("%(agency)s has replied publicly to your review:"),
            quote=typed,
            values={"agency": typed},
        )
    )
    escaped = "100% %(agency)s %d {{ kind }} &lt;b&gt;"
    assert mail.subject == f"{typed} replied to your review"
    assert f"\n\n{typed} has replied publicly to your review:\n\n> {typed}\n" in mail.text
    assert mail.html.count(escaped) == 6
    assert "<b>" not in mail.html


def test_email_typed_by_a_person_contains_only_their_text() -> None:
    mail = queue_letter(Letter(kind="test", to="lea@clients.example", subject="Re", body="Hi\n<Lea>", footer_reason="You wrote to us."))
    assert mail.written_by_person
    assert mail.text == "Hi\n<Lea>\n\n--\nYou wrote to us.\n"
    assert "Hi<br>&lt;Lea&gt;" in mail.html
    assert "Kind regards" not in mail.html


def test_each_email_is_one_message_to_one_recipient(smtp: Sink) -> None:
    first, second = MailFactory(), MailFactory()
    for mail in (first, second):
        send(mail.pk)
    received = [(message_from_bytes(m.raw, policy=policy.default)["To"], m.recipients) for m in smtp.mails]
    assert received == [(first.to_email, [first.to_email]), (second.to_email, [second.to_email])]


@pytest.mark.parametrize(
    ("entered", "reached"),
    [
        ("info@groß-x.example", "info@xn--gro-x-nqa.example"),
        ("Info@GROẞ-X.example", "Info@xn--gro-x-nqa.example"),
        ("info@xn--gro-x-nqa.example", "info@xn--gro-x-nqa.example"),
        ("info@münchen.example", "info@xn--mnchen-3ya.example"),
        ("info@shop.☃.groß.example", "info@shop.xn--n3h.xn--gro-7ka.example"),
        ("Info+Shop@Client.Example", "Info+Shop@Client.Example"),
    ],
)
def test_internationalized_domains_are_encoded(smtp: Sink, settings: Any, entered: str, reached: str) -> None:
    settings.DEFAULT_FROM_EMAIL = "Partner Portal <portal@groß.example>"
    mail = MailFactory(to=entered, reply_to=entered)
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, mail.to_email) == ("sent", entered), mail.last_error
    arrived = smtp.mails[0]
    assert (arrived.recipients, arrived.sender) == ([reached], "portal@xn--gro-7ka.example")
    assert (arrived.message["To"], arrived.message["Reply-To"]) == (reached, reached)
    assert arrived.message["From"].addresses[0].addr_spec == "portal@xn--gro-7ka.example"
