"""E-mails sent on behalf of the agency (`/company/mail/`)."""

from django.test import Client

from tests.cast import Cast
from tests.factories.outbox import MailFactory


def test_list_shows_only_the_agencys_emails(stan: Client, cast: Cast) -> None:
    MailFactory(agency=cast.alder, subject="Ours", text="The words of our letter")
    MailFactory(agency=cast.birch, subject="Theirs")
    MailFactory(subject="Your reset link")
    page = stan.get("/company/mail/").content.decode()
    assert "Ours" in page
    assert "Theirs" not in page
    assert "reset link" not in page


def test_email_text_is_shown_escaped(stan: Client, cast: Cast) -> None:
    mail = MailFactory(agency=cast.alder, text="The words of our letter <b>& more</b>")
    page = stan.get(f"/company/mail/{mail.pk}/").content.decode()
    assert "The words of our letter &lt;b&gt;&amp; more&lt;/b&gt;" in page


def test_account_emails_return_404(alice: Client, cast: Cast) -> None:
    mail = MailFactory(subject="Your code")
    assert alice.get(f"/company/mail/{mail.pk}/").status_code == 404


def test_the_list_names_the_status_of_emails_that_are_not_sent(stan: Client, cast: Cast) -> None:
    mail = MailFactory(agency=cast.alder, subject="Ours")
    mail.mark_sent()
    assert "pill" not in stan.get("/company/mail/").content.decode().partition("<main")[2]
    failed = MailFactory(agency=cast.alder, subject="Not ours")
    failed.mark_failed("550 no such mailbox")
    page = stan.get("/company/mail/").content.decode().partition("<main")[2]
    assert page.count('<span class="pill') == 1
    assert "failed" in page
