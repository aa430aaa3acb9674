"""Spam, blocked senders, and repeated or concurrent actions."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import ContactRequest, RequestMessage, Sender
from requests_inbox.services.contact import submit_request
from requests_inbox.services.requests import mark_not_spam, mark_spam, reopen_request, reply
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.requests import ContactRequestFactory

EMAIL = "seo@rank.example"


def act(client: Client, request: ContactRequest, action: str, **fields: Any) -> Any:
    return client.post(f"{request.get_absolute_url()}{action}/", fields, follow=True)


def events(action: str) -> int:
    return AuditEvent.objects.filter(action=action).count()


def test_spam_of_a_blocked_sender_does_not_unblock_them(stan: Client, cast: Cast) -> None:
    first, second = (ContactRequestFactory(agency=cast.alder, email=EMAIL) for _ in range(2))
    act(stan, first, "block")
    act(stan, first, "spam")
    act(stan, second, "spam")
    assert Sender.objects.get().status == "blocked"
    assert submit_request(cast.alder, submission="3", name="S", email=EMAIL, message="M", consented_at=timezone.now()) is None


def test_blocking_twice_is_recorded_once(stan: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder, email=EMAIL)
    for _ in range(2):
        act(stan, request, "block")
    assert events("sender.blocked") == 1


def test_not_spam_unblocks_the_sender_and_is_recorded(stan: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder, email=EMAIL)
    act(stan, request, "block")
    act(stan, request, "not-spam")
    assert Sender.objects.get().status == "fine"
    assert (events("request.not_spam"), events("sender.unblocked")) == (1, 1)


def test_a_double_click_sends_one_reply(stan: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    for _ in range(2):
        page = act(stan, request, "reply", text="Gladly.", seen="0").content.decode()
        assert "Reply sent to " in page
    assert (RequestMessage.objects.count(), OutgoingMail.objects.count(), events("request.replied")) == (1, 1, 1)
    # The same text from a page that shows the first reply is intended.
    act(stan, request, "reply", text="Gladly.", seen=str(RequestMessage.objects.get().pk))
    assert OutgoingMail.objects.count() == 2


def test_a_double_click_saves_one_note(stan: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    for _ in range(2):
        act(stan, request, "note", text="Call her.", seen="0")
    assert RequestMessage.objects.count() == 1
    act(stan, request, "note", text="Call her.", seen=str(RequestMessage.objects.get().pk))
    assert RequestMessage.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_submissions_send_one_reply(cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    results = at_once(10, lambda _: reply(request, text="Gladly.", by=cast.stan, seen=0).pk)
    assert len(set(results)) == 1
    assert OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_not_spam_for_one_sender_does_not_deadlock(cast: Cast) -> None:
    """Every call is for another request of the same sender."""
    for _ in range(5):
        requests = [ContactRequestFactory(agency=cast.alder, email=EMAIL) for _ in range(6)]
        for request in requests:
            mark_spam(request, by=cast.stan)

        def press(n: int, requests: list[ContactRequest] = requests) -> str:
            try:
                mark_not_spam(requests[n], by=cast.stan)
            except InvalidTransition as error:
                return str(error.state)
            return "done"

        assert sorted(at_once(6, press)) == ["done", *["open"] * 5]
        assert {request.status for request in ContactRequest.objects.all()} == {"open"}


def test_actions_on_a_deleted_request_are_invalid_transitions(stan: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder, status="closed")
    ContactRequest.objects.filter(pk=request.pk).delete()
    for action in (reopen_request, mark_not_spam, mark_spam):
        with pytest.raises(InvalidTransition):
            action(request, by=cast.stan)
