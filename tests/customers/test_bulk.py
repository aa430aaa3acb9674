"""Bulk actions on customers (`/customers/bulk/`): selection, preview, jobs, who may do what."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.bulk import runner, services
from customers.bulk.actions import ACTIONS
from customers.bulk.services import start_undo
from customers.bulk.tasks import sweep_bulk
from customers.models import BulkBatch, BulkJob, Customer
from customers.services.customers import archive_customer
from customers.tasks import purge_imports
from partnerportal.agencies.models import Role
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.bulk_helpers import BULK, confirmed, opened, previewed, processed, references, started, undone
from tests.factories.bulk import BulkJobFactory
from tests.factories.customers import CustomerFactory
from tests.polling import eventually


@pytest.fixture(autouse=True)
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the task after the commit, as if the process had been killed."""
    monkeypatch.setattr("customers.bulk.services.enqueue", lambda _pk: None)
    monkeypatch.setattr("customers.bulk.runner.enqueue", lambda _pk: None)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker process more than two customers, three at a time."""
    monkeypatch.setattr(runner, "DIRECT_LIMIT", 2)
    monkeypatch.setattr(runner, "BATCH_SIZE", 3)


def archived(cast: Cast) -> list[int]:
    return list(cast.alder.customers.filter(status="archived").order_by("number").values_list("number", flat=True))


# --- Selection --------------------------------------------------------------------------------------------------------


def test_list_offers_checkboxes_and_actions(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    page = alice.get("/customers/?status=all").content.decode()
    assert '<input type="checkbox" name="c" value="K-1001" form="bulk">' in page
    bar = page.partition('id="bulk"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="status" value="all">' in bar
    assert [f'value="{key}"' in bar for key in ACTIONS] == [True] * len(ACTIONS)


def test_an_empty_list_offers_no_actions(alice: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    assert 'id="bulk"' not in alice.get("/customers/?q=nothing").content.decode()


@pytest.mark.parametrize(
    ("selection", "text"),
    [
        ({"action": "archive"}, "Select at least one customer."),
        ({"action": "archive", "c": ["1001", "K-", "K-99999999999", "x"]}, "Select at least one customer."),
        ({"action": "archive", "c": [f"K-{1001 + number}" for number in range(201)]}, "Select up to 200 customers"),
        ({"action": "", "c": "K-1001"}, "Select an action."),
        ({"action": "explode", "all": "1"}, "Select an action."),
    ],
)
def test_incomplete_selection_leads_back_to_the_list(stan: Client, cast: Cast, selection: dict[str, Any], text: str) -> None:
    CustomerFactory(agency=cast.alder)
    response = stan.get(f"{BULK}start/", {"city": "Köln", **selection}, follow=True)
    assert response.redirect_chain == [("/customers/?city=K%C3%B6ln", 302)]
    assert text in response.content.decode()


def test_customers_of_other_agencies_are_not_selected(stan: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    CustomerFactory.create_batch(2, agency=cast.birch)
    job = started(stan, "archive", {"c": ["K-1001", "K-1002"]})
    assert job.progress_total == 1
    assert not cast.birch.customers.filter(status="archived").exists()


def test_message_offers_undo_and_leads_back_to_the_filtered_list(stan: Client, cast: Cast) -> None:
    customers = CustomerFactory.create_batch(2, agency=cast.alder, city="Köln")
    Customer.objects.filter(pk=customers[1].pk).update(status="archived")
    response = confirmed(stan, previewed(stan, "archive", {"city": "Köln", "sort": "name", **references(*customers)}), follow=True)
    assert response.redirect_chain == [("/customers/?city=K%C3%B6ln&sort=name", 302)]
    page = response.content.decode()
    assert "1 customer archived. 1 left out." in page
    job = BulkJob.objects.get()
    assert f'action="{BULK}{job.pk}/undo/"' in page
    response = stan.post(f"{BULK}{job.pk}/undo/", {"next": "/customers/?city=Köln"}, follow=True)
    assert response.redirect_chain == [("/customers/?city=K%C3%B6ln", 302)]
    assert "Undone for 1 customer." in response.content.decode()
    assert archived(cast) == [1002]


def test_many_customers_need_as_many_queries_as_few(stan: Client, cast: Cast) -> None:
    counts = []
    for number in (2, 40):
        customers = CustomerFactory.create_batch(number, agency=cast.alder)
        page = previewed(stan, "manager", references(*customers), {"responsible": cast.stan.pk})
        with CaptureQueriesContext(connection) as queries:
            confirmed(stan, page)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- All that match ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_all_that_match_are_changed_in_batches(stan: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(8, agency=cast.alder, city="Köln")
    CustomerFactory.create_batch(2, agency=cast.alder, city="Görlitz")
    page = previewed(stan, "archive", {"city": "Köln", "all": "1"})
    assert "8 customers selected" in page.content.decode()
    assert "Archive 8 customers" in page.content.decode()
    job = started(stan, "archive", {"city": "Köln", "all": "1", "after": "nonsense", "c": "K-1010"})
    batches = runner.batches(job.pk)
    next(batches)
    text = stan.get(f"{BULK}{job.pk}/").content.decode()
    assert "3 of 8 customers" in text
    assert "You can leave this page" in text
    assert f'href="{BULK}{job.pk}/"' in stan.get(BULK).content.decode()
    list(batches)
    assert archived(cast) == list(range(1001, 1009))
    assert stan.get(f"{BULK}{job.pk}/", headers={"hx-request": "true"})["HX-Refresh"] == "true"
    text = stan.get(f"{BULK}{job.pk}/").content.decode()
    assert "8 customers archived" in text
    assert BulkBatch.objects.filter(job=job).count() == 3
    assert undone(stan, job).undone == 8
    assert archived(cast) == []


@pytest.mark.usefixtures("small")
def test_customers_added_or_changed_after_the_confirmation_are_left_alone(stan: Client, cast: Cast) -> None:
    customers = CustomerFactory.create_batch(7, agency=cast.alder, city="Köln")
    job = started(stan, "archive", {"city": "Köln", "all": "1"})
    CustomerFactory(agency=cast.alder, city="Köln")
    Customer.objects.filter(pk=customers[4].pk).update(city="Görlitz")
    job = processed(job)
    assert (job.status, job.counts) == ("done", {"changed": 6})
    assert archived(cast) == [1001, 1002, 1003, 1004, 1006, 1007]
    assert "No longer matching the filters" in stan.get(f"{BULK}{job.pk}/").content.decode()


@pytest.mark.usefixtures("small")
def test_a_search_finds_no_similar_names_when_the_exact_ones_are_changed(stan: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search without exact results shows similar names; after the last exact one was archived, it must not."""
    CustomerFactory.create_batch(5, agency=cast.alder, company="Brandt", email="", last_name="")
    CustomerFactory.create_batch(5, agency=cast.alder, company="Brand", email="", last_name="")
    for limit in (200, 2):
        # Up to this number of results are ranked.
        monkeypatch.setattr("partnerportal.core.search.MAX_CANDIDATES", limit)
        cast.alder.customers.update(status="active")
        job = processed(started(stan, "archive", {"q": "brandt", "all": "1"}))
        assert archived(cast) == list(range(1001, 1006))
        assert (job.selected is None) == (limit == 2)


def test_similar_names_found_by_a_search_are_changed(stan: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, company="Seebad Hotel Dünenhaus")
    CustomerFactory(agency=cast.alder, company="Other")
    started(stan, "archive", {"q": "dunenhuas", "all": "1"})
    assert archived(cast) == [1001]


@pytest.mark.usefixtures("small")
def test_a_job_fails_instead_of_losing_its_filter(stan: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(7, agency=cast.alder, responsible=cast.max)
    CustomerFactory.create_batch(7, agency=cast.alder)
    job = started(stan, "archive", {"responsible": cast.max.pk, "all": "1"})
    next(runner.batches(job.pk))
    cast.alder.memberships.get(user=cast.max).delete()
    job = processed(job)
    assert (job.status, job.counts) == ("failed", {"changed": 3})
    assert "could not be completed" in stan.get(f"{BULK}{job.pk}/").content.decode()
    assert undone(stan, job).undone == 3


# --- Who and when -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("reason", ["left", "demoted", "deactivated"])
def test_a_job_stops_if_its_member_may_no_longer_do_it(
    max_: Client, alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    monkeypatch.setattr(type(ACTIONS["archive"]), "role", Role.MANAGER)
    CustomerFactory.create_batch(7, agency=cast.alder)
    job = started(max_, "archive", {"all": "1"})
    next(runner.batches(job.pk))
    member = cast.alder.memberships.get(user=cast.max)
    if reason == "left":
        alice.post(f"/company/team/{member.pk}/remove/", {"to": ""})
    elif reason == "demoted":
        alice.post(f"/company/team/{member.pk}/role/", {"role": "staff"})
    else:
        type(cast.max).objects.filter(pk=cast.max.pk).update(is_active=False)
    job = processed(job)
    assert (job.status, job.counts) == ("failed", {"changed": 3})
    # Someone else undoes it.
    assert undone(alice, job).undone == 3
    assert archived(cast) == []


@pytest.mark.usefixtures("small")
def test_a_job_fails_if_the_new_manager_leaves(stan: Client, alice: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(7, agency=cast.alder)
    job = started(stan, "manager", {"all": "1"}, {"responsible": cast.max.pk})
    next(runner.batches(job.pk))
    alice.post(f"/company/team/{cast.alder.memberships.get(user=cast.max).pk}/remove/", {"to": ""})
    assert processed(job).status == "failed"
    assert not cast.alder.customers.filter(responsible=cast.max).exists()


def test_undo_needs_the_role_of_the_action(stan: Client, alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = CustomerFactory(agency=cast.alder)
    monkeypatch.setattr(type(ACTIONS["archive"]), "role", Role.MANAGER)
    assert opened(stan, "archive", references(customer)).status_code == 403
    job = started(alice, "archive", references(customer))
    for name in ("undo", "stop"):
        assert stan.post(f"{BULK}{job.pk}/{name}/").status_code == 403
    assert "/undo/" not in stan.get(f"{BULK}{job.pk}/").content.decode()
    assert archived(cast) == [1001]


@pytest.mark.parametrize(("minutes", "works"), [(29, True), (31, False)])
def test_undo_is_possible_for_thirty_minutes(stan: Client, cast: Cast, *, minutes: int, works: bool) -> None:
    job = started(stan, "archive", references(CustomerFactory(agency=cast.alder)))
    stan.get("/customers/")  # shows the message, which also offers it
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        stan.force_login(cast.stan)
        assert ("/undo/" in stan.get(f"{BULK}{job.pk}/").content.decode()) == works
        page = stan.post(f"{BULK}{job.pk}/undo/", follow=True).content.decode()
    assert ("can no longer be undone" in page) != works
    assert archived(cast) == ([] if works else [1001])


def test_undo_works_once(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    job = undone(stan, started(stan, "archive", references(customer)))
    archive_customer(Customer.objects.get(), by=cast.stan)
    assert "can no longer be undone" in stan.post(f"{BULK}{job.pk}/undo/", follow=True).content.decode()
    assert archived(cast) == [1001]


@pytest.mark.usefixtures("small")
def test_stopping_keeps_what_was_changed(stan: Client, cast: Cast) -> None:
    CustomerFactory.create_batch(7, agency=cast.alder)
    job = started(stan, "archive", {"all": "1"})
    batches = runner.batches(job.pk)
    next(batches)
    page = stan.post(f"{BULK}{job.pk}/stop/", follow=True).content.decode()
    assert "Action stopped." in page
    assert "3 customers archived" in page
    assert list(batches) == []
    assert archived(cast) == [1001, 1002, 1003]
    assert AuditEvent.objects.get(action="customers.bulk_changed").data == {"kind": "archive", "count": 3}
    assert undone(stan, job).undone == 3


def test_a_job_without_progress_fails(stan: Client, cast: Cast, settings: Any) -> None:
    settings.IMPORT_LEASE = 0.0
    job = BulkJobFactory(
        agency=cast.alder, status="running", finished_at=None, query="q=pflaume", values={"title": "Pflaume"}, action="task"
    )
    undoing = BulkJobFactory(agency=cast.alder, status="undoing")
    assert [sweep_bulk() for _ in range(services.MAX_ATTEMPTS + 1)] == [2] * services.MAX_ATTEMPTS + [0]
    for failed in (job, undoing):
        failed.refresh_from_db()
        assert failed.status == "failed"
    assert (job.query, job.values) == ("", {})
    assert "could not be completed" in stan.get(f"{BULK}{job.pk}/").content.decode()


def test_old_actions_are_deleted(cast: Cast) -> None:
    old = BulkJobFactory(agency=cast.alder, finished_at=timezone.now() - timedelta(days=8))
    BulkBatch.objects.create(job=old, number=0)
    new = BulkJobFactory(agency=cast.alder)
    purge_imports()
    assert list(BulkJob.objects.all()) == [new]


def test_a_removed_action_is_still_listed(stan: Client, cast: Cast) -> None:
    job = BulkJobFactory(agency=cast.alder, action="explode")
    assert "explode" in stan.get(BULK).content.decode()
    assert "explode" in stan.get(f"{BULK}{job.pk}/").content.decode()
    assert stan.post(f"{BULK}{job.pk}/undo/").status_code == 404


# --- At the same time -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_twenty_confirmations_start_one_job(stan: Client, cast: Cast) -> None:
    customers = CustomerFactory.create_batch(2, agency=cast.alder)
    page = previewed(stan, "task", references(*customers), {"title": "Call back", "priority": 2})
    clients = [Client() for _ in range(20)]
    for client in clients:
        client.cookies = stan.cookies
    answers = at_once(20, lambda index: confirmed(clients[index], page).status_code)
    assert answers == [302] * 20
    assert BulkJob.objects.count() == 1
    assert cast.alder.tasks.count() == 2


def test_a_second_click_leads_to_the_job(stan: Client, cast: Cast) -> None:
    page = previewed(stan, "archive", references(CustomerFactory(agency=cast.alder)))
    confirmed(stan, page)
    assert confirmed(stan, page)["Location"] == f"{BULK}{BulkJob.objects.get().pk}/"


def test_more_customers_than_previewed_must_be_confirmed_again(stan: Client, cast: Cast) -> None:
    CustomerFactory(agency=cast.alder, city="Köln")
    page = previewed(stan, "archive", {"city": "Köln", "all": "1"})
    CustomerFactory.create_batch(2, agency=cast.alder, city="Köln")
    again = confirmed(stan, page)
    assert "Customers have changed since the preview" in again.content.decode()
    assert not BulkJob.objects.exists()
    assert confirmed(stan, again).status_code == 302
    assert BulkJob.objects.get().changed == 3


def test_the_same_action_can_be_meant_twice(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    for _ in range(2):
        started(stan, "task", references(customer), {"title": "Call back", "priority": 2})
    assert cast.alder.tasks.count() == 2


@pytest.mark.usefixtures("small")
@pytest.mark.django_db(transaction=True)
def test_jobs_on_the_same_customers_beside_people_who_edit(stan: Client, cast: Cast) -> None:
    customers = CustomerFactory.create_batch(20, agency=cast.alder)
    jobs = [started(stan, "manager", {"all": "1"}, {"responsible": person.pk}) for person in (cast.max, cast.stan)]
    jobs.append(started(stan, "archive", {"all": "1"}))

    def act(index: int) -> Any:
        if index < 6:
            return list(runner.batches(jobs[index // 2].pk))
        return [archive_customer(customer, by=cast.alice) for customer in reversed(customers[10:])]

    results = at_once(7, act)
    assert not [result for result in results if isinstance(result, Exception)]
    for job in jobs:
        processed(job)
        assert (job.status, sum(job.counts.values())) == ("done", job.progress)
    assert len(archived(cast)) == 20
    assert AuditEvent.objects.filter(action="customer.archived").count() == 20
    assert AuditEvent.objects.filter(action="customer.updated").count() == jobs[0].changed + jobs[1].changed


@pytest.mark.django_db(transaction=True)
def test_a_double_click_on_undo_does_not_stop_the_undo(stan: Client, cast: Cast) -> None:
    job = started(stan, "task", references(*CustomerFactory.create_batch(2, agency=cast.alder)), {"title": "Call back", "priority": 2})
    locked, released = Event(), Event()

    def second_click(_index: int) -> None:
        with transaction.atomic():
            BulkJob.objects.select_for_update().get(pk=job.pk)
            locked.set()
            # Until the first click waits for the row.
            eventually(lambda: released.is_set() or waits_for_lock(), "the undo waits")

    assert start_undo(job, by=cast.stan)
    with ThreadPoolExecutor(1) as pool:
        click = pool.submit(at_once, 1, second_click)
        assert locked.wait(10)
        for _batch in runner.batches(job.pk):
            pass
        released.set()
        assert click.result() == [None]
    job.refresh_from_db()
    assert (job.status, cast.alder.tasks.count()) == ("undone", 0)


def waits_for_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')")
        return bool(cursor.fetchone()[0])
