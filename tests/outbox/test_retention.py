"""Deletion of old e-mails: what stays, and what still works without them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.services.customers import erase_customer
from partnerportal.core.batches import process_in_batches
from partnerportal.outbox.delivery import build_message
from partnerportal.outbox.letters import Letter
from partnerportal.outbox.models import DeletedMail, OutgoingMail
from partnerportal.outbox.retention import delete_past_retention
from partnerportal.outbox.services import mark_seen, queue_letters
from partnerportal.outbox.tasks import delete_old
from requests_inbox.models import ContactRequest, InboxSettings
from requests_inbox.services.contact import submit_request
from requests_inbox.services.requests import delete_expired, reply
from reviews.models import ReviewRequest
from reviews.services.requests import request_review, resend_request
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.outbox import MailFactory
from tests.test_plans import nodes, plan_of

OLD = timedelta(days=366)


def aged(*mails: Any, by: timedelta = OLD) -> None:
    """Let e-mails be as old as this. Those that are queued become sent."""
    for mail in mails:
        if mail.status == OutgoingMail.Status.QUEUED:
            mail.mark_sent()
    rows = OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails])
    rows.update(created_at=timezone.now() - by)
    rows.filter(status="sent").update(sent_at=timezone.now() - by)


def subjects() -> set[str]:
    return set(OutgoingMail.objects.values_list("subject", flat=True))


def test_sent_emails_are_deleted_after_the_retention_period(cast: Cast) -> None:
    aged(MailFactory(agency=cast.alder, subject="Old"), MailFactory(subject="Old code"))
    aged(MailFactory(agency=cast.alder, subject="Recent"), by=timedelta(days=364))
    assert delete_old() == 2
    assert subjects() == {"Recent"}
    assert delete_old() == 0


def test_the_period_is_a_setting(cast: Cast, settings: Any) -> None:
    settings.SENT_MAIL_RETENTION = 30
    aged(MailFactory(agency=cast.alder, subject="Old"), by=timedelta(days=31))
    aged(MailFactory(agency=cast.alder, subject="Recent"), by=timedelta(days=29))
    assert delete_old() == 1
    assert subjects() == {"Recent"}


def test_failed_emails_stay_until_they_are_seen(cast: Cast) -> None:
    unseen, seen, recent = (MailFactory(agency=cast.alder, subject=name) for name in ("Unseen", "Seen", "Recent"))
    for mail in (unseen, seen, recent):
        mail.mark_failed("550 no such mailbox")
    for mail in (seen, recent):
        mark_seen(mail, by=cast.alice)
    aged(unseen, seen)
    assert delete_old() == 1
    assert subjects() == {"Unseen", "Recent"}


def test_queued_emails_stay(cast: Cast) -> None:
    MailFactory(agency=cast.alder, subject="Queued")
    OutgoingMail.objects.update(created_at=timezone.now() - OLD)
    assert delete_old() == 0
    assert subjects() == {"Queued"}


def test_failed_emails_that_no_one_has_seen_have_a_period_of_their_own(cast: Cast, settings: Any) -> None:
    settings.FAILED_MAIL_RETENTION = 400
    older, old, sent = (MailFactory(agency=cast.alder, subject=name) for name in ("Older", "Old", "Sent"))
    for mail in (older, old):
        mail.mark_failed("550 no such mailbox")
    aged(old, sent)
    aged(older, by=timedelta(days=401))
    assert delete_old() == 2
    assert subjects() == {"Old"}


def test_emails_that_name_an_ip_address_are_deleted_with_other_addresses(cast: Cast, settings: Any) -> None:
    changed, code = (MailFactory(kind=f"account/email/{name}", subject=name) for name in ("password_changed", "login_code"))
    failed, queued, recent = (MailFactory(kind="mfa/email/totp_activated", subject=name) for name in ("failed", "queued", "recent"))
    failed.mark_failed("550 no such mailbox")
    aged(changed, code, failed, by=timedelta(days=91))
    aged(recent, by=timedelta(days=89))
    OutgoingMail.objects.filter(pk=queued.pk).update(created_at=timezone.now() - OLD)
    settings.IP_ADDRESS_RETENTION = 0
    assert delete_old() == 0
    settings.IP_ADDRESS_RETENTION = 90
    assert delete_old() == 2
    assert subjects() == {"login_code", "queued", "recent"}


def test_the_task_deletes_a_bounded_number_in_batches(cast: Cast) -> None:
    aged(*MailFactory.create_batch(7, agency=cast.alder))
    assert process_in_batches(delete_past_retention, size=2, most=3) == 6
    assert delete_old() == 1


def test_a_batch_counts_sent_and_seen_emails(cast: Cast) -> None:
    seen = MailFactory.create_batch(2, agency=cast.alder, subject="Seen")
    for mail in seen:
        mail.mark_failed("550 no such mailbox")
        mark_seen(mail, by=cast.alice)
    aged(*MailFactory.create_batch(2, agency=cast.alder, subject="Sent"), *seen)
    assert [delete_past_retention(3) for _ in range(3)] == [3, 1, 0]


def test_a_killed_task_has_deleted_complete_batches(cast: Cast) -> None:
    thread = ContactRequest(pk=17).thread
    aged(*(MailFactory(agency=cast.alder, thread=thread, to="ute@muellerei.example") for _ in range(4)))
    done = []

    def killed(batch: int) -> int:
        if done:
            raise SystemExit
        done.append(batch)
        return delete_past_retention(batch)

    with pytest.raises(SystemExit):
        process_in_batches(killed, size=2)
    assert (OutgoingMail.objects.count(), DeletedMail.objects.count()) == (2, 2)
    assert delete_old() == 2
    assert DeletedMail.objects.count() == 4


def test_bodies_are_not_read_and_queries_are_few(cast: Cast) -> None:
    aged(*MailFactory.create_batch(20, agency=cast.alder))
    with CaptureQueriesContext(connection) as queries:
        assert delete_past_retention(50) == 20
    assert [query["sql"] for query in queries if "encrypted_body" in query["sql"]] == []
    assert len(queries) < 20


def test_old_emails_are_found_with_indexes(cast: Cast, settings: Any) -> None:
    settings.FAILED_MAIL_RETENTION = 365
    mails = [
        OutgoingMail(agency=cast.alder, subject="x", kind="test", encrypted_body=b"x", to_email="x@x.example", message_id=f"<{n}@x>")
        for n in range(500)
    ]
    OutgoingMail.objects.bulk_create(mails)
    OutgoingMail.objects.update(status="sent", sent_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
    with CaptureQueriesContext(connection) as queries:
        delete_past_retention(50)
    selects = [query["sql"] for query in queries if query["sql"].startswith("SELECT") and "FOR UPDATE" in query["sql"]]
    used = [{node.get("Index Name") for node in nodes(plan_of(sql.replace("%", "%%"), None))} for sql in selects]
    retention = {"outbox_sent", "outbox_seen", "outbox_failed"}
    assert [names & retention for names in used[:3]] == [{"outbox_sent"}, {"outbox_seen"}, {"outbox_failed"}]
    # E-mails about accounts belong to no agency. With few of them, indexes that begin with the agency cost the same.
    assert any(str(name).startswith("outbox_") and name != "outbox_search" for name in used[3]), used[3]


# --- What refers to e-mails --------------------------------------------------------------------------------------------


@pytest.fixture
def conversation(cast: Cast) -> ContactRequest:
    request = submit_request(
        cast.alder, submission="1", name="Ute", email="ute@muellerei.example", message="Hello", consented_at="2026-01-01T00:00Z"
    )
    reply(request, text="First", by=cast.stan, seen=None)
    return request


def references(mail: Any) -> str:
    return str(build_message(mail).extra_headers.get("References", ""))


def test_a_conversation_stays_one_thread(cast: Cast, conversation: ContactRequest) -> None:
    before = list(OutgoingMail.objects.filter(to_email="ute@muellerei.example").order_by("pk"))
    aged(*OutgoingMail.objects.all())
    assert delete_old() >= 2
    second = reply(conversation, text="Second", by=cast.stan, seen=None).mail
    assert references(second) == " ".join(mail.message_id for mail in before)
    assert build_message(second).extra_headers["In-Reply-To"] == before[-1].message_id
    # Also if only a part is deleted, and again later.
    third = reply(conversation, text="Third", by=cast.stan, seen=None).mail
    aged(second)
    delete_old()
    fourth = reply(conversation, text="Fourth", by=cast.stan, seen=None).mail
    assert references(fourth).split() == [*(mail.message_id for mail in before), second.message_id, third.message_id]


def test_several_letters_of_a_conversation_take_one_query_for_it(cast: Cast, conversation: ContactRequest) -> None:
    letters = [Letter(kind="contact_reply", to="ute@muellerei.example", subject="Hello", thread=conversation.thread) for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        queue_letters(letters)
    assert len([query for query in queries if query["sql"].startswith(("SELECT", "(SELECT"))]) == 1


def test_the_request_shows_its_replies_without_the_emails(stan: Client, cast: Cast, conversation: ContactRequest) -> None:
    aged(*OutgoingMail.objects.all())
    delete_old()
    page = stan.get(conversation.get_absolute_url())
    assert page.status_code == 200
    assert "First" in page.content.decode()


def test_what_was_kept_of_a_conversation_is_deleted_with_its_request(cast: Cast, conversation: ContactRequest) -> None:
    aged(*OutgoingMail.objects.all())
    delete_old()
    assert DeletedMail.objects.filter(to_email="ute@muellerei.example").count() == 2
    InboxSettings.objects.update_or_create(agency=cast.alder, defaults={"retention_days": 30})
    ContactRequest.objects.update(status="closed", status_since=timezone.now() - OLD)
    assert delete_expired(cast.alder, batch=10) == 1
    assert not DeletedMail.objects.exists()


def test_erasure_deletes_what_was_kept_of_a_conversation(cast: Cast, conversation: ContactRequest) -> None:
    customer = CustomerFactory(agency=cast.alder)
    ContactRequest.objects.update(status="assigned", customer=customer)
    aged(*OutgoingMail.objects.all())
    delete_old()
    assert DeletedMail.objects.exists()
    erase_customer(customer, by=cast.alice)
    assert not DeletedMail.objects.exists()


def test_a_review_request_copes_without_its_email(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    asked = request_review(customer=customer, project=None, by=cast.stan, by_mail=True)
    OutgoingMail.objects.get(to_team=False).mark_failed("550 no such mailbox")
    mark_seen(OutgoingMail.objects.get(to_team=False), by=cast.stan)
    aged(OutgoingMail.objects.get(to_team=False))
    assert delete_old() == 1
    asked = ReviewRequest.objects.get(pk=asked.pk)
    # Its state doesn't depend on the e-mail.
    assert (asked.mail, asked.undeliverable_at is None) == (None, False)
    assert "could not be delivered" in stan.get(f"/company/reviews/requests/{asked.pk}/").content.decode()
    ReviewRequest.objects.update(mailed_at=timezone.now() - timedelta(hours=1))
    resend_request(asked, by=cast.stan)
    OutgoingMail.objects.get(to_team=False).mark_sent()
    asked.refresh_from_db()
    assert asked.undeliverable_at is None


def test_administrators_mark_failed_emails_of_accounts(cast: Cast) -> None:
    mail = MailFactory(subject="Your code")
    mail.mark_failed("550 no such mailbox")
    client = Client()
    client.force_login(cast.ada)
    answer = client.post("/admin/outbox/outgoingmail/", {"action": "mark_seen", "_selected_action": [mail.pk]}, follow=True)
    assert "1 e-mail marked as seen." in answer.content.decode()
    mail.refresh_from_db()
    assert mail.seen_at
