"""Concurrent edits of an item don't overwrite each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from zeal import zeal_ignore

from customers.models import Customer, Project
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.customers.test_two_tabs import KINDS, opened
from tests.factories.customers import CustomerFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.polling import eventually

pytestmark = pytest.mark.django_db(transaction=True)

BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


def blocked_sessions() -> int:
    with connection.cursor() as cursor:
        # PostgreSQL caches this view until the transaction ends.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(BLOCKED)
        (number,) = cursor.fetchone()
    return int(number)


def while_saving(customer: Customer, *saves: Callable[[], HttpResponse], then: Callable[[], Any] = lambda: None) -> list[HttpResponse]:
    """Return the responses of concurrent `saves`. `then` runs after all have loaded the row and before any saves it."""

    with ThreadPoolExecutor(len(saves)) as pool:
        with transaction.atomic():
            Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
            running = [pool.submit(with_own_connection, save) for save in saves]
            eventually(lambda: blocked_sessions() == len(saves), "all requests wait for the lock of the customer")
            then()
        return [one.result(timeout=30) for one in running]


def saver(user: Any, path: str, fields: dict[str, Any]) -> Callable[[], HttpResponse]:
    browser = Client()
    browser.force_login(user)
    return lambda: browser.post(path, fields)


@pytest.mark.parametrize("kind", KINDS)
def test_different_fields_are_both_saved(cast: Cast, stan: Client, customer: Customer, kind: str) -> None:
    factory, _model, in_first, in_second = KINDS[kind]
    path = f"/{kind}/{factory(customer=customer).pk}/edit/"
    form = opened(stan, path)
    responses = while_saving(customer, saver(cast.stan, path, form | in_first), saver(cast.alice, path, form | in_second))
    assert [response.status_code for response in responses] == [302, 302]
    after = opened(stan, path)
    assert {name: after.get(name, "") for name in in_first | in_second} == in_first | in_second
    assert AuditEvent.objects.filter(action=f"{kind.removesuffix('s')}.changed").count() == 2


def test_second_change_of_the_same_field_reports_a_conflict(cast: Cast, stan: Client, customer: Customer) -> None:
    project = ProjectFactory(customer=customer, title="Before")
    path = f"/projects/{project.pk}/edit/"
    form = opened(stan, path)
    typed = ["Stan’s title", "Alice’s title"]
    responses = while_saving(
        customer, saver(cast.stan, path, form | {"title": typed[0]}), saver(cast.alice, path, form | {"title": typed[1]})
    )
    assert sorted(response.status_code for response in responses) == [200, 302]
    saved, refused = typed if responses[0].status_code == 302 else typed[::-1]
    page = responses[0 if typed[0] == refused else 1].content.decode()
    assert Project.objects.get().title == saved
    assert f"Currently saved: {saved}" in page
    assert f'value="{refused}"' in page


def test_second_change_of_a_note_reports_a_conflict(cast: Cast, stan: Client, customer: Customer) -> None:
    path = f"/notes/{NoteFactory(customer=customer, text='Before').pk}/edit/"
    form = opened(stan, path)
    responses = while_saving(customer, *(saver(user, path, form | {"text": user.email}) for user in (cast.stan, cast.alice)))
    assert sorted(response.status_code for response in responses) == [200, 302]


def test_task_completed_while_its_title_is_saved_stays_completed(cast: Cast, stan: Client, customer: Customer) -> None:
    task = TaskFactory(customer=customer)
    path = f"/tasks/{task.pk}/edit/"
    edit = saver(cast.alice, path, opened(stan, path) | {"title": "Other"})
    done = saver(cast.stan, f"/tasks/{task.pk}/done/", {})
    (response,) = while_saving(customer, edit, then=lambda: elsewhere(done))
    assert response.status_code == 302
    task.refresh_from_db()
    assert (task.title, task.done_at is not None) == ("Other", True)
    assert set(AuditEvent.objects.filter(action__startswith="task.").values_list("action", flat=True)) == {"task.done", "task.changed"}


def elsewhere(save: Callable[[], HttpResponse]) -> None:
    """Send a request with its own database connection."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(with_own_connection, save).result(timeout=30).status_code == 302


def with_own_connection(save: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        with zeal_ignore():  # The later request loads the row again.
            return save()
    finally:
        connection.close()
