"""Actions during an erasure store no personal data and show no error page."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from customers.models import Contract, Customer, Domain, Note, Project, Task
from customers.services.customers import erase_customer
from reviews.models import Review
from reviews.services.reviews import submit_review
from tests.cast import Cast
from tests.customers.test_edit import form_of
from tests.factories.customers import CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating
from tests.polling import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Zwetschge GmbH")


def while_erasing(cast: Cast, customer: Customer, action: Callable[[], Any]) -> Any:
    """Return the result of an `action` that starts before an erasure is committed."""
    return start_before_commit(lambda: erase_customer(customer, by=cast.alice), action)


def start_before_commit(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """Return the result of `second`, which starts before the transaction of `first` is committed."""

    def act() -> Any:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            acting = pool.submit(act)
            eventually(lambda: acting.done() or _is_waiting_for_lock(), "the second call waits for the lock of the first")
        return acting.result(timeout=30)


def _is_waiting_for_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("notes", {"text": "Zwetschge is the dog."}),
        ("tasks", {"title": "Call Zwetschge", "priority": "2"}),
        ("projects", {"title": "Zwetschge shop", "status": "active"}),
        ("domains", {"name": "zwetschge.example"}),
        (
            "contracts",
            {
                "number": "Z-1", "currency": "EUR", "interval": "month", "notice_count": "0", "notice_unit": "days", "status": "active"
            },
        ),
    ],
)  # fmt: skip
def test_no_item_is_added_during_erasure(cast: Cast, stan: Client, customer: Customer, path: str, fields: dict[str, str]) -> None:
    response = while_erasing(cast, customer, lambda: stan.post(f"/customers/{customer.pk}/{path}/add/", fields))
    assert response.status_code == 404
    assert [model.__name__ for model in (Contract, Domain, Note, Project, Task) if model.objects.exists()] == []


@pytest.mark.parametrize(
    ("factory", "fields"),
    [
        (NoteFactory, {"text": "Zwetschge is the dog."}),
        (TaskFactory, {"title": "Call Zwetschge", "priority": "2"}),
        (DomainFactory, {"name": "zwetschge.example"}),
    ],
)
def test_no_item_is_edited_during_erasure(cast: Cast, stan: Client, customer: Customer, factory: Any, fields: dict[str, str]) -> None:
    item = factory(customer=customer)
    path = f"/{item._meta.model_name}s/{item.pk}/edit/"
    response = while_erasing(cast, customer, lambda: stan.post(path, fields))
    assert response.status_code == 404
    assert not type(item).objects.exists()


def test_remaining_project_gets_no_new_description(cast: Cast, stan: Client, customer: Customer) -> None:
    project = ProjectFactory(customer=customer, description="For Zwetschge")
    ReviewFactory(review_request__customer=customer, review_request__project=project)
    fields = {"title": project.title, "description": "Only for Zwetschge", "status": "done"}
    response = while_erasing(cast, customer, lambda: stan.post(f"/projects/{project.pk}/edit/", fields))
    assert response.status_code == 404
    project.refresh_from_db()
    assert project.description == ""


def test_editing_the_customer_during_erasure_changes_nothing(cast: Cast, stan: Client, customer: Customer) -> None:
    fields = {**form_of(stan, customer), "company": "Zwetschge AG", "responsible": cast.stan.pk}
    response = while_erasing(cast, customer, lambda: stan.post(f"/customers/{customer.pk}/edit/", fields))
    assert response.status_code == 404
    customer.refresh_from_db()
    assert (customer.company, customer.responsible) == ("", None)


@pytest.mark.parametrize("action", ["archive", "restore", "erase"])
def test_other_actions_during_erasure_change_nothing(cast: Cast, alice: Client, customer: Customer, action: str) -> None:
    path = f"/customers/{customer.pk}/{action}/"
    response = while_erasing(cast, customer, lambda: alice.post(path, {"number": customer.reference}))
    assert response.status_code in {302, 404}
    customer.refresh_from_db()
    assert customer.status == Customer.Status.ERASED


def test_no_review_is_requested_during_erasure(cast: Cast, stan: Client, customer: Customer) -> None:
    fields = {"customer": customer.pk, "subject": "company", "link": ""}
    response = while_erasing(cast, customer, lambda: stan.post("/company/reviews/request/", fields))
    assert response.status_code < 500
    assert not customer.review_requests.exists()


def test_review_submitted_during_erasure_is_anonymous(alice: Client, customer: Customer) -> None:
    asked = ReviewRequestFactory(customer=customer)
    answers = {**same_rating(5), "text": "Good work.", "author": "Ute Zwetschge"}
    path = f"/customers/{customer.pk}/erase/"
    response = start_before_commit(lambda: submit_review(asked, **answers), lambda: alice.post(path, {"number": customer.reference}))
    assert response.status_code == 302
    customer.refresh_from_db()
    assert customer.status == Customer.Status.ERASED
    assert Review.objects.get().author == ""
