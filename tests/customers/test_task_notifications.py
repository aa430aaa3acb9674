"""E-mails to members to whom colleagues assign tasks."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Task
from customers.services.items import add_item, update_item
from partnerportal.agencies.models import DigestItem, Mode, Notification
from partnerportal.agencies.services.team import remove_member
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.customers.bulk_helpers import started
from tests.factories.customers import CustomerFactory, TaskFactory

KINDS = ("task_assigned", "tasks_assigned")


def sent() -> list[tuple[str, str]]:
    """Return recipient and subject of the e-mails."""
    return list(OutgoingMail.objects.filter(kind__in=KINDS).values_list("to_email", "subject").order_by("pk"))


def add(cast: Cast, *, to: Any, by: Any, **fields: Any) -> Task:
    return add_item(Task(title="Call back", assignee=to, **fields), customer=CustomerFactory(agency=cast.alder), by=by)


def test_the_assignee_of_a_new_task_is_notified(cast: Cast) -> None:
    task = add(cast, to=cast.stan, by=cast.alice)
    assert sent() == [(cast.stan.email, "Task assigned to you: Call back")]
    mail = OutgoingMail.objects.get(kind="task_assigned")
    assert f"/tasks/{task.pk}/edit/" in mail.text and mail.customer_id == task.customer_id


def test_nobody_is_notified_of_their_own_actions(cast: Cast) -> None:
    task = add(cast, to=cast.stan, by=cast.stan)
    add(cast, to=None, by=cast.alice)
    task.assignee = cast.alice
    update_item(task, changed=["assignee"], by=cast.alice)
    assert sent() == []


def test_a_new_assignee_is_notified(cast: Cast) -> None:
    task = TaskFactory(customer__agency=cast.alder, title="Call back", assignee=cast.max)
    task.title = "Write"
    update_item(task, changed=["title"], by=cast.alice)
    assert sent() == []
    task.assignee = cast.stan
    update_item(task, changed=["assignee"], by=cast.alice)
    assert sent() == [(cast.stan.email, "Task assigned to you: Write")]


def test_nobody_is_notified_of_a_task_that_is_done(cast: Cast) -> None:
    task = TaskFactory(customer__agency=cast.alder, assignee=cast.max, done_at=timezone.now())
    task.assignee = cast.stan
    update_item(task, changed=["assignee"], by=cast.alice)
    assert sent() == []


@pytest.mark.parametrize("mode", [Mode.DIGEST, Mode.OFF])
def test_in_the_digest_or_not_at_all(cast: Cast, mode: Mode) -> None:
    cast.alder.memberships.get(user=cast.stan).set_notification(Notification.TASKS, mode)
    task = add(cast, to=cast.stan, by=cast.alice)
    assert sent() == []
    expected = [(cast.stan.pk, "tasks", task.pk)] if mode == Mode.DIGEST else []
    assert list(DigestItem.objects.values_list("membership__user", "kind", "object_id")) == expected


def test_a_bulk_action_sends_one_email(cast: Cast) -> None:
    for _ in range(3):
        CustomerFactory(agency=cast.alder)
    alice = Client()
    alice.force_login(cast.alice)
    job = started(alice, "task", {"all": "1"}, {"title": "Call back", "priority": 2, "assignee": cast.stan.pk})
    job.refresh_from_db()
    assert job.status == "done"
    assert sent() == [(cast.stan.email, "3 tasks assigned to you")]
    cast.alder.memberships.get(user=cast.stan).set_notification(Notification.TASKS, Mode.DIGEST)
    started(alice, "task", {"all": "1"}, {"title": "Write", "priority": 2, "assignee": cast.stan.pk})
    assert len(sent()) == 1
    assert DigestItem.objects.filter(kind="tasks").count() == 3


def test_work_of_a_removed_colleague_sends_one_email(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for _ in range(2):
        TaskFactory(customer=customer, assignee=cast.stan)
    remove_member(cast.alder.memberships.get(user=cast.stan), to=cast.max, by=cast.alice)
    assert sent() == [(cast.max.email, "2 tasks assigned to you")]


def test_work_that_the_acting_member_takes_sends_nothing(cast: Cast) -> None:
    TaskFactory(customer=CustomerFactory(agency=cast.alder), assignee=cast.stan)
    remove_member(cast.alder.memberships.get(user=cast.stan), to=cast.alice, by=cast.alice)
    assert sent() == []


def test_the_form_notifies_the_assignee(cast: Cast) -> None:
    alice = Client()
    alice.force_login(cast.alice)
    customer = CustomerFactory(agency=cast.alder)
    path = reverse("customers:task_add", args=[customer.pk])
    assert alice.post(path, {"title": "From the form", "priority": 2, "assignee": cast.stan.pk}).status_code == 302
    assert sent() == [(cast.stan.email, "Task assigned to you: From the form")]
