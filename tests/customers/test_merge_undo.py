"""Undo of merges, for whatever hasn't changed since, and merges at the same time."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.merging.services import MergeConflict, merge_customers
from customers.merging.undo import undo_merge
from customers.models import Customer, MergeLog, Task
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_merge import merge
from tests.factories.customers import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    DomainFactory,
    NoteFactory,
    ProjectFactory,
    TaskFactory,
)
from tests.factories.invitations import ConnectedFactory
from tests.factories.reviews import ReviewRequestFactory


@pytest.fixture
def first(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", email="ute@mehl.example", notes="One")


@pytest.fixture
def second(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Zwetschge & Co", email="udo@mehl.example", notes="Two")


def state(*customers: Customer) -> list[dict[str, Any]]:
    """Return the customers' values without what each change counts."""
    ignored = {"version", "updated_at"}
    rows = Customer.objects.filter(pk__in=[customer.pk for customer in customers]).order_by("pk").values()
    return [{name: value for name, value in row.items() if name not in ignored} for row in rows]


def undo(log: MergeLog, cast: Cast) -> MergeLog:
    log.refresh_from_db()
    return undo_merge(log, by=cast.max)


def test_undo_restores_everything(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    project = ProjectFactory(customer=second)
    rows = [
        project,
        TaskFactory(customer=second, project=project),
        DomainFactory(customer=second),
        ContractFactory(customer=second),
        NoteFactory(customer=second),
        ReviewRequestFactory(customer=second, project=project),
        ConnectedFactory(agency=cast.alder, customer=second, client=cast.kim),
    ]
    older, newer = ReviewRequestFactory(customer=first), ReviewRequestFactory(customer=second)
    before = state(first, second)
    log = merge(cast, first, second, email="udo@mehl.example", notes="One\n\nTwo")
    page = max_.get(first.get_absolute_url()).content.decode()
    assert f"/customers/merges/{log.pk}/" in page
    response = max_.post(f"/customers/merges/{log.pk}/undo/", follow=True)
    assert "are separate again" in response.content.decode()
    assert state(first, second) == before
    for row in (*rows, newer):
        row.refresh_from_db()
        assert row.customer == second, row
    older.refresh_from_db()
    assert (older.status, older.customer, newer.status, newer.joined_to) == ("open", first, "open", None)
    log.refresh_from_db()
    assert (log.undone_by, log.kept) == (cast.max, {"rows": {}, "fields": []})
    assert AuditEvent.objects.filter(action="customer.unmerged").count() == 2
    assert "Merge of K-1002 into K-1001 undone" in max_.get(second.get_absolute_url()).content.decode()


def test_what_has_changed_since_stays_and_is_listed(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    project, other = ProjectFactory(customer=second), ProjectFactory(customer=second)
    done, untouched = TaskFactory(customer=second, project=project), TaskFactory(customer=second, project=project)
    free, deleted, alone = TaskFactory(customer=second), TaskFactory(customer=second), TaskFactory(customer=second, project=other)
    log = merge(cast, first, second, email="udo@mehl.example", phone="+49 3581 4410")
    Task.objects.filter(pk=done.pk).update(done_at=timezone.now())
    deleted.delete()
    Customer.objects.filter(pk=first.pk).update(phone="+49 3581 9999")
    response = max_.post(f"/customers/merges/{log.pk}/undo/", follow=True)
    text = "Changed since and therefore kept with K-1001 Müllerei Größe GmbH: 1 project, 2 tasks, Phone."
    assert text in response.content.decode()
    for row, customer in ((project, first), (done, first), (untouched, first), (other, second), (free, second), (alone, second)):
        row.refresh_from_db()
        assert row.customer == customer, row
    first.refresh_from_db()
    assert (first.email, first.phone) == ("ute@mehl.example", "+49 3581 9999")
    assert "2 tasks" in max_.get(f"/customers/merges/{log.pk}/").content.decode()


def test_added_contact_stays_if_a_review_was_requested_from_it(cast: Cast, first: Customer, second: Customer) -> None:
    for name in ("Olga", "Tom"):
        ContactFactory(customer=second, first_name=name, last_name="Orlow", email=f"{name}@mehl.example")
    log = merge(cast, first, second)
    olga = first.contacts.get(first_name="Olga")
    ReviewRequestFactory(customer=first, contact=olga)
    assert undo(log, cast).kept["rows"] == {"customers.contact.customer": 1}
    assert list(first.contacts.filter(is_primary=False)) == [olga]


def test_project_with_a_new_task_stays(cast: Cast, first: Customer, second: Customer) -> None:
    project = ProjectFactory(customer=second)
    log = merge(cast, first, second)
    project.refresh_from_db()
    TaskFactory(customer=first, project=project)
    undo(log, cast)
    project.refresh_from_db()
    assert project.customer == first


def test_archived_customer_is_archived_again(cast: Cast, first: Customer, second: Customer) -> None:
    Customer.objects.filter(pk=second.pk).update(status="archived")
    log = merge(cast, first, second)
    undo(log, cast)
    second.refresh_from_db()
    assert second.status == "archived"


def test_chain_is_undone_in_reverse(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    third = CustomerFactory(agency=cast.alder)
    before = state(first, second, third)
    earlier = merge(cast, first, second)
    later = merge(cast, third, first)
    response = max_.post(f"/customers/merges/{earlier.pk}/undo/", follow=True)
    assert "K-1001 has itself been merged into another customer. Undo that merge first." in response.content.decode()
    undo(later, cast)
    second.refresh_from_db()
    assert second.merged_into == first
    undo(earlier, cast)
    assert state(first, second, third) == before


def test_undo_has_its_time(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    log = merge(cast, first, second)
    MergeLog.objects.update(created_at=timezone.now() - timedelta(days=30, minutes=1))
    assert "Undo merge" not in max_.get(f"/customers/merges/{log.pk}/").content.decode()
    assert list(max_.get("/customers/duplicates/").context["merges"]) == []
    with pytest.raises(MergeConflict, match="too old"):
        undo(log, cast)


def test_merge_is_undone_once_and_not_after_an_erasure(cast: Cast, first: Customer, second: Customer) -> None:
    log = merge(cast, first, second, email="udo@mehl.example")
    undo(log, cast)
    with pytest.raises(MergeConflict, match="already been undone"):
        undo(log, cast)
    again = merge(cast, first, second, email="udo@mehl.example")
    erase_customer(first, by=cast.alice)
    again.refresh_from_db()
    assert (again.replaced, again.moved, again.changed) == ({}, {}, {})
    with pytest.raises(MergeConflict, match="erased"):
        undo(again, cast)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("merges", "texts"),
    [
        ([(0, 1), (0, 1)], ["K-1002 has since been merged into K-1001"]),
        ([(0, 1), (1, 0)], ["has since been merged into"]),
        ([(0, 1), (1, 2)], ["K-1002 has since been merged into K-1001", "K-1002 has since been changed"]),
        ([(0, 2), (1, 2)], ["K-1003 has since been merged into K-100"]),
    ],
)
def test_one_of_two_merges_at_once_succeeds(cast: Cast, merges: list[tuple[int, int]], texts: list[str]) -> None:
    customers = [CustomerFactory(agency=cast.alder, company=f"Company {number}") for number in range(3)]
    for customer in customers:
        TaskFactory(customer=customer)

    def run(index: int) -> MergeLog:
        first, second = (customers[number] for number in merges[index])
        return merge_customers(first, second, values={}, by=cast.max)

    results = at_once(2, run)
    assert {type(result) for result in results} == {MergeLog, MergeConflict}, results
    (conflict,) = (result for result in results if isinstance(result, MergeConflict))
    assert any(text in str(conflict) for text in texts)
    assert MergeLog.objects.count() == 1
    assert Customer.objects.filter(status="merged").count() == 1
    assert not Task.objects.filter(customer__status="merged").exists()


@pytest.mark.django_db(transaction=True)
def test_review_answered_at_the_same_time_stays_consistent(cast: Cast) -> None:
    first, second = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    asked = ReviewRequestFactory(customer=second, project=ProjectFactory(customer=second))
    path = "/r/" + asked.link.split("/r/")[1]
    answers = {"cooperation": 5, "quality": 5, "schedule": 5, "budget": 5, "text": "Fine.", "author": "Udo"}

    def run(index: int) -> Any:
        return Client().post(path, answers) if index else merge_customers(first, second, values={}, by=cast.max)

    results = at_once(2, run)
    assert isinstance(results[0], MergeLog)
    assert results[1].status_code == 302  # type: ignore[union-attr]
    asked.refresh_from_db()
    assert asked.status == "answered"
    assert asked.project is not None
    assert asked.project.customer == asked.customer
