"""Messages with the button “Undo”, which works without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from tests.factories.customers import CustomerFactory, TaskFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory

#: The path to which the button posts.
BUTTON = re.compile(r'<form method="post" action="([^"]+)">')


def a_request(cast: Cast) -> tuple[str, Callable[[], Any]]:
    request = ContactRequestFactory(agency=cast.alder)
    return f"/requests/{request.pk}/", lambda: type(request).objects.get(pk=request.pk).status


def a_waiting_request(cast: Cast) -> tuple[str, Callable[[], Any]]:
    path, _state = a_request(cast)
    return path, lambda: cast.alder.contact_requests.get().is_waiting


def a_customer(cast: Cast) -> tuple[str, Callable[[], Any]]:
    customer = CustomerFactory(agency=cast.alder)
    return f"/customers/{customer.pk}/", lambda: type(customer).objects.get(pk=customer.pk).status


def a_task(cast: Cast) -> tuple[str, Callable[[], Any]]:
    task = TaskFactory(customer__agency=cast.alder)
    return f"/tasks/{task.pk}/", lambda: type(task).objects.get(pk=task.pk).is_done


def a_review(cast: Cast) -> tuple[str, Callable[[], Any]]:
    review = ReviewFactory(review_request__customer__agency=cast.alder)

    def state() -> tuple[bool, bool]:
        stored = type(review).objects.get(pk=review.pk)
        return stored.is_public, bool(stored.pin_position)

    return f"/company/reviews/{review.pk}/", state


def a_hidden_review(cast: Cast) -> tuple[str, Callable[[], Any]]:
    review = ReviewFactory(review_request__customer__agency=cast.alder, hidden_at=timezone.now(), hidden_reason="outdated")
    return f"/company/reviews/{review.pk}/", lambda: type(review).objects.get(pk=review.pk).hidden_reason


def an_assigned_request(cast: Cast) -> tuple[str, Callable[[], Any]]:
    request = ContactRequestFactory(agency=cast.alder, assignee=cast.stan)
    names = {cast.alice.pk: "alice", cast.stan.pk: "stan"}
    return f"/requests/{request.pk}/", lambda: names.get(type(request).objects.get(pk=request.pk).assignee_id, "nobody")


def a_request_of_nobody(cast: Cast) -> tuple[str, Callable[[], Any]]:
    path, state = an_assigned_request(cast)
    cast.alder.contact_requests.update(assignee=None)
    return path, state


def setup_steps(cast: Cast) -> tuple[str, Callable[[], Any]]:
    return "/dashboard/setup/", lambda: type(cast.alder).objects.get(pk=cast.alder.pk).dismissed_setup_steps


@pytest.mark.parametrize(
    ("make", "before", "action", "fields", "states"),
    [
        (a_request, [], "spam", {}, ("new", "spam", "open")),
        (a_request, ["spam"], "not-spam", {}, ("spam", "open", "spam")),
        (a_request, [], "close", {}, ("new", "closed", "open")),
        (a_request, ["close"], "reopen", {}, ("closed", "open", "closed")),
        (a_waiting_request, [], "no-reply-needed", {}, (True, False, True)),
        (a_waiting_request, ["no-reply-needed"], "reply-needed", {}, (False, True, False)),
        (a_customer, [], "archive", {}, ("active", "archived", "active")),
        (a_customer, ["archive"], "restore", {}, ("archived", "active", "archived")),
        (a_task, [], "done", {}, (False, True, False)),
        (a_task, ["done"], "undo", {}, (True, False, True)),
        (a_review, [], "pin", {}, ((True, False), (True, True), (True, False))),
        (a_review, ["pin"], "unpin", {}, ((True, True), (True, False), (True, True))),
        (a_review, [], "hide", {"reason": "outdated"}, ((True, False), (False, False), (True, False))),
        (a_hidden_review, [], "unhide", {}, ("outdated", "", "outdated")),
        (an_assigned_request, [], "take", {}, ("stan", "alice", "stan")),
        (a_request_of_nobody, [], "take", {}, ("nobody", "alice", "nobody")),
        (setup_steps, [], "dismiss", {"step": "team"}, ([], ["team"], [])),
    ],
)
def test_the_message_takes_the_action_back(
    alice: Client, cast: Cast, make: Any, before: list[str], action: str, fields: dict[str, str], states: tuple[Any, Any, Any]
) -> None:
    path, state = make(cast)
    for earlier in before:
        alice.post(f"{path}{earlier}/", follow=True)
    assert state() == states[0]
    page = alice.post(f"{path}{action}/", fields, follow=True).content.decode()
    assert state() == states[1]
    toasts = page.partition('<div class="toasts"')[2].partition("<template")[0]
    assert "toast-undo" in toasts
    (undo,) = BUTTON.findall(toasts)
    alice.post(undo, {"next": path}, follow=True)
    assert state() == states[2]


@pytest.mark.parametrize(("mark", "status"), [("spam", "spam"), ("block", "blocked")])
def test_undo_of_not_spam_covers_all_messages_and_the_block(alice: Client, cast: Cast, mark: str, status: str) -> None:
    first, second, _other = (ContactRequestFactory(agency=cast.alder, email=f"{name}@mill.example") for name in ("lea", "lea", "tim"))
    statuses = cast.alder.contact_requests.order_by("pk").values_list("status", flat=True)
    for request in (second, first):
        alice.post(f"/requests/{request.pk}/{mark}/", follow=True)
    page = alice.post(f"/requests/{second.pk}/not-spam/", follow=True).content.decode()
    assert [*statuses.all()] == ["open", "open", "new"]
    (undo,) = BUTTON.findall(page.partition('<div class="toasts"')[2].partition("<template")[0])
    alice.post(undo)
    assert [*statuses.all()] == ["spam", "spam", "new"]
    assert cast.alder.senders.get().status == status


def test_messages_of_other_actions_have_no_button(alice: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    page = alice.post(f"/requests/{request.pk}/block/", follow=True).content.decode()
    assert "Sender blocked." in page
    assert "toast-undo" not in page
