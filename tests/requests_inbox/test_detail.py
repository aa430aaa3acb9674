"""`/requests/<id>/`: conversation, assignee and status of a request."""

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import Client

from customers.services.customers import archive_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.delivery import build_message
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import ContactRequest, RequestMessage, Sender
from requests_inbox.services.contact import submit_request
from requests_inbox.services.requests import add_note, assign_request, close_request, mark_spam, reopen_request, reply
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import PASSWORD
from tests.factories.customers import CustomerFactory, DomainFactory
from tests.factories.requests import ContactRequestFactory


@pytest.fixture
def request_(cast: Cast) -> ContactRequest:
    return ContactRequestFactory(agency=cast.alder, email="ute@muellerei.example", name="Ute Größe")


def act(client: Client, request: ContactRequest, action: str, **fields: Any) -> Any:
    return client.post(f"{request.get_absolute_url()}{action}/", fields, follow=True)


def status(request: ContactRequest) -> str:
    request.refresh_from_db()
    return request.status


# --- Replies and notes ---------------------------------------------------------------------------------------------------


def test_a_reply_is_sent_in_the_members_name(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    page = act(stan, request_, "reply", text="Gladly.\n\n<b>Stan</b>", seen="0").content.decode()
    assert "Reply sent to " in page
    assert "&lt;b&gt;Stan" in page
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.reply_to, mail.from_name) == ("ute@muellerei.example", "stan@alder.example", "Stan Stein · Alder Web")
    assert mail.subject == "Re: Your message to Alder Web"
    assert "<b>Stan</b>" in mail.text
    assert "<b>" not in mail.html
    request_.refresh_from_db()
    assert (request_.status, request_.assignee, request_.first_reply_at is None) == ("open", cast.stan, False)


def test_a_conversation_is_one_thread(cast: Cast) -> None:
    request = submit_request(
        cast.alder, submission="1", name="Ute", email="ute@muellerei.example", message="Hello", consented_at="2026-01-01T00:00Z"
    )
    reply(request, text="First", by=cast.stan, seen=None)
    reply(request, text="Second", by=cast.alice, seen=None)
    acknowledgement, first, second = OutgoingMail.objects.filter(to_email="ute@muellerei.example").order_by("pk")
    headers = build_message(second).extra_headers
    assert headers["Message-ID"] == second.message_id
    assert headers["In-Reply-To"] == first.message_id
    assert headers["References"] == f"{acknowledgement.message_id} {first.message_id}"
    # Replies are written by people, so automatic responses are welcome. The acknowledgement is automatic.
    assert "Auto-Submitted" not in headers
    assert build_message(acknowledgement).extra_headers["Auto-Submitted"] == "auto-generated"
    # Notifications to the team aren't part of the conversation.
    assert not OutgoingMail.objects.filter(kind="contact_notice").exclude(references="").exists()


def test_the_delivery_status_is_shown(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    mail = reply(request_, text="Gladly.", by=cast.stan, seen=None).mail
    page = stan.get(request_.get_absolute_url()).content.decode()
    assert "queued" in page
    mail.mark_failed("550 no such mailbox")
    assert "This message could not be delivered." in stan.get(request_.get_absolute_url()).content.decode()


def test_a_note_is_never_sent(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    page = act(stan, request_, "note", text="Careful with this one.").content.decode()
    assert "Careful with this one." in page
    assert not OutgoingMail.objects.exists()
    assert status(request_) == "new"
    mail = reply(request_, text="x", by=cast.stan, seen=None).mail
    with pytest.raises(IntegrityError, match="request_message_note_is_never_mailed"), transaction.atomic():
        RequestMessage.objects.filter(kind="note").update(mail=mail)


def test_a_newer_reply_is_shown_before_sending_the_second(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    act(stan, request_, "note", text="A note is no reply.")
    page = stan.get(request_.get_absolute_url())
    typed = {"text": "My long answer.", "seen": page.context["reply_form"]["seen"].value()}
    reply(request_, text="Alice was faster.", by=cast.alice, seen=None)
    response = act(stan, request_, "reply", **typed)
    shown = response.content.decode()
    assert "Alice Alder replied while you were typing" in shown
    assert "Alice was faster." in shown
    assert "My long answer." in shown
    assert OutgoingMail.objects.count() == 1
    act(stan, request_, "reply", **typed | {"seen": response.context["reply_form"]["seen"].value()})
    assert OutgoingMail.objects.count() == 2


@pytest.mark.parametrize("seen", ["", None, "999999", "9" * 30, "elsewhere"])
def test_a_forged_number_does_not_hide_a_newer_reply(stan: Client, cast: Cast, request_: ContactRequest, seen: str | None) -> None:
    reply(request_, text="Alice was faster.", by=cast.alice, seen=None)
    elsewhere = reply(ContactRequestFactory(agency=cast.alder), text="Another request", by=cast.alice, seen=None)
    fields = {} if seen is None else {"seen": str(elsewhere.pk) if seen == "elsewhere" else seen}
    shown = act(stan, request_, "reply", text="My long answer.", **fields).content.decode()
    assert "Alice Alder replied while you were typing" in shown and "My long answer." in shown
    assert not request_.messages.filter(author=cast.stan).exists()


@pytest.mark.django_db(transaction=True)
def test_one_of_two_concurrent_replies_is_a_conflict(cast: Cast, request_: ContactRequest) -> None:
    team = [cast.alice, cast.stan]
    results = at_once(2, lambda n: reply(request_, text=f"Reply {n}", by=team[n], seen=0))
    assert sorted(type(result).__name__ for result in results) == ["ReplyConflict", "RequestMessage"]
    assert OutgoingMail.objects.count() == 1


@pytest.mark.parametrize("action", ["reply", "note"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Enter a message."),
        ("x" * 10_001, "at most 10000"),
        ("a\x00b", "ull characters"),
        ("\u200b\n\u2060", "Enter a message."),
        ("\u3164\ufe0f", "Enter a message."),
    ],
)
def test_invalid_input_is_reported(stan: Client, request_: ContactRequest, action: str, text: str, says: str) -> None:
    response = act(stan, request_, action, text=text, seen="0")
    assert response.status_code == 200
    assert says in response.content.decode()
    assert not RequestMessage.objects.exists()


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
def test_a_forged_number_keeps_the_input(stan: Client, request_: ContactRequest, seen: str) -> None:
    assert "Dear Ute" in act(stan, request_, "reply", text="Dear Ute", seen=seen).content.decode()


def test_the_input_survives_an_expired_session(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    stan.get(request_.get_absolute_url())
    Session.objects.all().delete()
    response = act(stan, request_, "reply", text="My long answer.", seen="0")
    assert "/accounts/login/" in response.redirect_chain[0][0]
    page = stan.post(response.redirect_chain[0][0], {"login": "stan@alder.example", "password": PASSWORD}, follow=True).content.decode()
    assert "Your input has been kept" in page
    assert "My long answer." in page
    assert not OutgoingMail.objects.exists()


def test_replies_to_closed_requests_are_rejected_and_kept(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    close_request(request_, by=cast.alice)
    page = act(stan, request_, "reply", text="Too late?", seen="0").content.decode()
    assert "This request has since been closed" in page
    assert "Too late?" in page
    assert not OutgoingMail.objects.exists()


# --- Assignee ------------------------------------------------------------------------------------------------------------


def test_assign_to_me_and_reassign(stan: Client, alice: Client, cast: Cast, request_: ContactRequest) -> None:
    act(stan, request_, "take")
    assert status(request_) == "open"
    assert request_.assignee == cast.stan
    page = act(stan, request_, "hand-over", to=cast.alice.pk).content.decode()
    assert "Request assigned to Alice Alder." in page
    for stranger in (cast.charlie.pk, 0, "x", ""):
        act(alice, request_, "hand-over", to=stranger)
    request_.refresh_from_db()
    assert request_.assignee == cast.alice
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["request.taken", "request.handed_over"]


# --- Status --------------------------------------------------------------------------------------------------------------


def test_close_and_reopen(stan: Client, request_: ContactRequest) -> None:
    assert "Reopen" in act(stan, request_, "close").content.decode()
    assert status(request_) == "closed"
    assert "This request has since been closed" in act(stan, request_, "close").content.decode()
    act(stan, request_, "reopen")
    assert status(request_) == "open"
    act(stan, request_, "reopen")
    assert AuditEvent.objects.filter(action="request.reopened").count() == 1


def test_spam_stays_spam_when_the_sender_writes_again(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    act(stan, request_, "spam")
    again = {"name": "Another customer", "message": "Me again", "consented_at": "2026-01-01T00:00Z"}
    second = submit_request(cast.alder, submission="2", email="UTE+news@muellerei.example", **again)
    assert (status(request_), second.status) == ("spam", "spam")
    assert not OutgoingMail.objects.exists()
    assert stan.get("/requests/").context["stats"]["new"] == 0
    assert [r.is_unread for r in stan.get("/requests/?state=spam").context["page"].items] == [False, False]
    # Only for this agency.
    assert submit_request(cast.birch, submission="3", email="ute@muellerei.example", **again).status == "new"

    act(stan, request_, "not-spam")
    assert (status(request_), status(second)) == ("open", "open")
    assert submit_request(cast.alder, submission="4", email="ute@muellerei.example", **again).status == "new"


def test_senders_of_deleted_spam_stay_spammers(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    mark_spam(request_, by=cast.stan)
    ContactRequest.objects.all().delete()
    fields = {"name": "Ute", "message": "Me again", "consented_at": "2026-01-01T00:00Z"}
    assert submit_request(cast.alder, submission="2", email="ute@muellerei.example", **fields).status == "spam"


def test_blocking_and_unblocking(stan: Client, alice: Client, cast: Cast, request_: ContactRequest) -> None:
    act(stan, request_, "block")
    assert status(request_) == "spam"
    sender = Sender.objects.get()
    assert (sender.key, sender.status) == ("ute@muellerei.example", "blocked")
    fields = {"name": "Ute", "email": "ute@muellerei.example", "message": "Me again", "consented_at": "2026-01-01T00:00Z"}
    assert submit_request(cast.alder, submission="2", **fields) is None
    assert "1 message blocked" in alice.get("/requests/settings/").content.decode()
    assert alice.post(f"/requests/senders/{sender.pk}/unblock/").status_code == 302
    assert submit_request(cast.alder, submission="3", **fields).status == "new"
    assert AuditEvent.objects.filter(action__in=["sender.blocked", "sender.unblocked"]).count() == 2


def test_a_sender_stays_blocked_until_unblocked(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    other = ContactRequestFactory(agency=cast.alder, email=request_.email)
    act(stan, request_, "block")
    act(stan, request_, "block")
    act(stan, other, "spam")
    assert Sender.objects.get().status == "blocked"
    assert AuditEvent.objects.filter(action="sender.blocked").count() == 1
    page = stan.get(other.get_absolute_url()).content.decode()
    assert "Messages from this sender are no longer saved" in page
    assert "Messages from this sender go to spam" not in page
    assert f"{other.get_absolute_url()}block/" not in page
    act(stan, other, "not-spam")
    assert Sender.objects.get().status == "fine"
    assert AuditEvent.objects.filter(action="sender.unblocked").count() == 1


def test_get_requests_have_no_side_effects(stan: Client, request_: ContactRequest) -> None:
    for action in ("take", "hand-over", "spam", "not-spam", "block", "close", "reopen", "seen"):
        assert stan.get(f"{request_.get_absolute_url()}{action}/").status_code == 405
    for action in ("reply", "note", "assign", "add-customer"):
        assert stan.get(f"{request_.get_absolute_url()}{action}/").status_code == 200
    assert status(request_) == "new"
    assert not AuditEvent.objects.exists()


def test_the_database_rejects_invalid_states(cast: Cast, request_: ContactRequest) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for wrong, constraint in (
        ({"status": "lost"}, "contact_request_status_is_known"),
        ({"status": "assigned"}, "contact_request_assigned_has_its_customer"),
        ({"customer": customer}, "contact_request_assigned_has_its_customer"),
        ({"message": ""}, "contact_request_has_its_sender"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            ContactRequest.objects.filter(pk=request_.pk).update(**wrong)


@pytest.mark.django_db(transaction=True)
def test_concurrent_reply_and_close(cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    actions = [lambda: reply(request, text="Hello", by=cast.alice, seen=0), lambda: close_request(request, by=cast.stan)]
    replied, closed = at_once(2, lambda n: actions[n]())
    assert status(request) == "closed"
    assert closed is None
    # The reply is sent only if it came first.
    assert isinstance(replied, RequestMessage | InvalidTransition)
    assert OutgoingMail.objects.count() == isinstance(replied, RequestMessage)


def test_events_contain_no_personal_data(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    for action, fields in (
        ("note", {"text": "Zwetschge"}),
        ("reply", {"text": "Zwetschge", "seen": 0}),
        ("close", {}),
        ("reopen", {}),
        ("block", {}),
    ):
        act(stan, request_, action, **fields)
    recorded = " ".join(str(row) for row in AuditEvent.objects.values_list("object_label", "data", "actor_label"))
    assert AuditEvent.objects.count() == 6
    for trace in ("Zwetschge", "Größe", "muellerei", request_.company):
        assert trace not in recorded


def test_an_assigned_request_can_still_be_answered(cast: Cast, request_: ContactRequest) -> None:
    customer = CustomerFactory(agency=cast.alder)
    assign_request(request_, customer, by=cast.stan)
    reply(request_, text="Welcome", by=cast.stan, seen=None)
    add_note(request_, text="Nice", by=cast.stan)
    assert status(request_) == "assigned"
    assert OutgoingMail.objects.get().customer_id == customer.pk
    for action in (close_request, reopen_request, mark_spam):
        with pytest.raises(InvalidTransition):
            action(request_, by=cast.stan)


# --- Page ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"email": "UTE@muellerei.example"}, "Same e-mail:"),
        ({"phone": "+49 3581 4410"}, "Same phone number:"),
        ({"email": "ute@muellerei.example", "phone": "03581/4410"}, "Same e-mail, same phone number:"),
    ],
)
def test_a_customer_who_may_have_written_is_offered(stan: Client, cast: Cast, known: dict[str, str], reason: str) -> None:
    request = ContactRequestFactory(agency=cast.alder, email="ute@muellerei.example", phone="03581 4410")
    assert reason not in stan.get(request.get_absolute_url()).content.decode()
    CustomerFactory(agency=cast.birch, **{"email": "", "phone": "", **known})
    customer = CustomerFactory(agency=cast.alder, company="Seebad Hotel", **{"email": "", "phone": "", **known})
    page = stan.get(request.get_absolute_url())
    assert page.context["match"].customer == customer
    assert reason in page.content.decode()
    assert customer.numbered_name in page.content.decode()
    act(stan, request, "assign", customer=customer.pk)
    request.refresh_from_db()
    assert request.customer == customer
    # A settled request has no suggestion.
    assert stan.get(request.get_absolute_url()).context["match"] is None


def test_the_domain_of_the_address_matches_a_customers_domain(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    domain = DomainFactory(customer__agency=cast.alder, name="muellerei.example")
    page = stan.get(request_.get_absolute_url())
    assert page.context["match"].customer == domain.customer
    assert "Same domain:" in page.content.decode()
    archive_customer(domain.customer, by=cast.alice)
    assert stan.get(request_.get_absolute_url()).context["match"] is None


def test_reply_and_note_are_two_sides_of_a_switch(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    page = stan.get(request_.get_absolute_url()).content.decode()
    assert page.count('name="compose"') == 2
    assert re.search(r'value="reply"\s+checked', page)
    # A note with an error is shown.
    page = act(stan, request_, "note", text="").content.decode()
    assert re.search(r'value="note"\s+checked', page)
    # A closed request can only be noted on.
    close_request(request_, by=cast.stan)
    page = stan.get(request_.get_absolute_url()).content.decode()
    assert 'name="compose"' not in page
    assert "Add note" in page
