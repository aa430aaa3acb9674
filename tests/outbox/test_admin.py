"""Monitoring and resending of e-mails in the Django admin."""

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client

from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import send
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.outbox import MailFactory
from tests.smtp import Sink

MAILS = "/admin/outbox/outgoingmail/"


@pytest.fixture
def ada(cast: Cast) -> Client:
    """Client signed in as Ada, a portal administrator."""
    client = Client()
    client.force_login(cast.ada)
    return client


def resend(client: Client, *mails: OutgoingMail) -> str:
    answer = client.post(MAILS, {"action": "resend", "_selected_action": [mail.pk for mail in mails]}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_resending_a_failed_email_resets_its_attempts(ada: Client, smtp: Sink) -> None:
    mail = MailFactory()
    smtp.refuse("RCPT", "550 5.1.1 No such user", times=1)
    send(mail.pk)
    assert "1 e-mail queued again." in resend(ada, mail)
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, mail.last_error) == ("queued", 0, "")
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, len(smtp.mails)) == ("sent", 1)


def test_resending_a_queued_email_sends_it_immediately(ada: Client, smtp: Sink) -> None:
    mail = MailFactory()
    smtp.refuse("RCPT", "450 4.2.0 Greylisted", times=1)
    send(mail.pk)
    resend(ada, mail)
    send(mail.pk)
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, OutgoingMail.objects.count()) == ("sent", 1, 1)


def test_resending_a_sent_email_creates_a_copy(ada: Client, cast: Cast, smtp: Sink) -> None:
    mail = MailFactory(agency=cast.alder, text="Hello Lea\n", reply_to="alice@alder.example")
    send(mail.pk)
    resend(ada, mail)
    first, second = OutgoingMail.objects.order_by("pk")
    assert (first.pk, first.status, first.message_id) == (mail.pk, "sent", mail.message_id)
    assert (second.status, second.attempts, second.sent_at, second.agency) == ("queued", 0, None, cast.alder)
    send(second.pk)
    assert [arrived.part("plain") for arrived in smtp.mails] == ["Hello Lea\n"] * 2
    assert len({arrived.message["Message-ID"] for arrived in smtp.mails}) == 2


def test_many_emails_are_resent_in_one_action(ada: Client) -> None:
    mails = MailFactory.create_batch(3)
    OutgoingMail.objects.update(status="failed")
    assert "3 e-mails queued again." in resend(ada, *mails)
    assert OutgoingMail.objects.filter(status="queued").count() == 3


def test_resend_is_audited(ada: Client, cast: Cast) -> None:
    resend(ada, MailFactory(agency=cast.alder, kind="review_request"))
    event = AuditEvent.objects.get(action="mail.resent")
    assert (event.actor_id, event.agency_id, event.source, event.object_label) == (cast.ada.pk, cast.alder.pk, "admin", "review_request")


@pytest.mark.django_db(transaction=True)
def test_email_being_sent_is_not_resent(cast: Cast) -> None:
    ada = Client()
    ada.force_login(cast.ada)
    mail = MailFactory()

    def resend_with_lock_timeout(_: int) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")
        return resend(ada, mail)

    with transaction.atomic():
        # Like a worker during SMTP.
        OutgoingMail.objects.select_for_update().get(pk=mail.pk)
        assert "1 e-mail queued again." in str(at_once(1, resend_with_lock_timeout)[0])
        OutgoingMail.objects.filter(pk=mail.pk).update(status="sent", sent_at=Now())
    assert list(OutgoingMail.objects.values_list("status", flat=True)) == ["sent"]


def test_list_and_detail_page_do_not_show_the_body(ada: Client, cast: Cast) -> None:
    mail = MailFactory(agency=cast.alder, subject="Visible subject", text="https://portal.example/r/s3cr3t/", html="<p>s3cr3t</p>")
    for address in (MAILS, f"{MAILS}{mail.pk}/change/"):
        page = ada.get(address).content.decode()
        assert "Visible subject" in page
        assert "s3cr3t" not in page
        assert bytes(mail.encrypted_body).decode()[:30] not in page


def test_search_finds_recipients_and_subjects(ada: Client) -> None:
    MailFactory(to="lea@clients.example", subject="Results")
    MailFactory(to="tom@clients.example", subject="Other")
    page = ada.get(MAILS, {"q": "lea@"}).content.decode()
    assert "Results" in page
    assert "Other" not in page


def test_search_finds_the_request_id(ada: Client, cast: Cast) -> None:
    customer, given = CustomerFactory(agency=cast.alder), str(uuid.uuid4())
    ada.force_login(cast.alice)
    fields = {"customer": customer.pk, "subject": "company", "send": ""}
    ada.post("/company/reviews/request/", fields, headers={"X-Request-ID": given})
    ada.force_login(cast.ada)
    mail = OutgoingMail.objects.get()
    assert mail.request_id == given
    assert f"{mail.pk}/change/" in ada.get(MAILS, {"q": given}).content.decode()
    assert given in ada.get(f"{MAILS}{mail.pk}/change/").content.decode()


def test_unusual_request_id_does_not_prevent_an_email(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    fields = {"customer": customer.pk, "subject": "company", "send": ""}
    unusual = "urn:uuid:{" + "-" * 5000 + uuid.uuid4().hex
    assert alice.post("/company/reviews/request/", fields, headers={"X-Request-ID": unusual}).status_code == 302
    assert OutgoingMail.objects.get().request_id == unusual[:36]


def test_emails_cannot_be_added_changed_or_deleted(ada: Client) -> None:
    mail = MailFactory(subject="As it was")
    assert ada.get(f"{MAILS}add/").status_code == 403
    assert ada.post(f"{MAILS}{mail.pk}/change/", {"subject": "Updated"}).status_code == 403
    assert ada.post(f"{MAILS}{mail.pk}/delete/", {"post": "yes"}).status_code == 403
    ada.post(MAILS, {"action": "delete_selected", "_selected_action": [mail.pk], "post": "yes"})
    mail.refresh_from_db()
    assert mail.subject == "As it was"


def test_view_permission_does_not_allow_resending(cast: Cast) -> None:
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_outgoingmail"))
    client = Client()
    client.force_login(User.objects.get(pk=viewer.pk))
    mail = MailFactory()
    OutgoingMail.objects.update(status="failed")
    assert client.get(MAILS).status_code == 200
    resend(client, mail)
    mail.refresh_from_db()
    assert mail.status == "failed"


def test_agency_members_have_no_access(alice: Client) -> None:
    assert alice.get(MAILS).status_code == 302
