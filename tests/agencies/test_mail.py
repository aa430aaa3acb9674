"""E-mails sent on behalf of the agency (`/company/mail/`)."""

from django.test import Client

from tests.cast import Cast
from tests.factories.outbox import MailFactory


def test_it_shows_the_agencys_mails_only(stan: Client, cast: Cast) -> None:
    MailFactory(agency=cast.alder, subject="Ours", text="The words of our letter")
    MailFactory(agency=cast.birch, subject="Theirs")
    MailFactory(subject="Your reset link")
    page = stan.get("/company/mail/").content.decode()
    assert "Ours" in page
    assert "Theirs" not in page
    assert "reset link" not in page


def test_a_mail_can_be_read_as_sent_and_markup_is_text(stan: Client, cast: Cast) -> None:
    mail = MailFactory(agency=cast.alder, text="The words of our letter <b>& more</b>")
    page = stan.get(f"/company/mail/{mail.pk}/").content.decode()
    assert "The words of our letter &lt;b&gt;&amp; more&lt;/b&gt;" in page


def test_the_mails_of_an_account_are_nobodys(alice: Client, cast: Cast) -> None:
    mail = MailFactory(subject="Your code")
    assert alice.get(f"/company/mail/{mail.pk}/").status_code == 404
