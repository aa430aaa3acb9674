"""Somebody works on a customer in the very moment in which it is erased: nothing personal comes back, and nobody gets an error page."""

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
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.polling import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Zwetschge GmbH")


def while_erasing(cast: Cast, customer: Customer, action: Callable[[], Any]) -> Any:
    """What `action` gives that begins while an erasure isn't through yet, and ends after it."""
    return meanwhile(lambda: erase_customer(customer, by=cast.alice), action)


def meanwhile(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What `second` gives when it begins before the transaction of `first` has ended."""

    def act() -> Any:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            acting = pool.submit(act)
            eventually(lambda: acting.done() or _somebody_waits(), "the second comes to where the first is")
        return acting.result(timeout=30)


def _somebody_waits() -> bool:
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
def test_nothing_is_added(cast: Cast, stan: Client, customer: Customer, path: str, fields: dict[str, str]) -> None:
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
def test_nothing_is_changed(cast: Cast, stan: Client, customer: Customer, factory: Any, fields: dict[str, str]) -> None:
    thing = factory(customer=customer)
    path = f"/{thing._meta.model_name}s/{thing.pk}/edit/"
    response = while_erasing(cast, customer, lambda: stan.post(path, fields))
    assert response.status_code == 404
    assert not type(thing).objects.exists()


def test_a_project_that_stays_is_not_described_anew(cast: Cast, stan: Client, customer: Customer) -> None:
    project = ProjectFactory(customer=customer, description="For Zwetschge")
    ReviewFactory(review_request__customer=customer, review_request__project=project)
    fields = {"title": project.title, "description": "Only for Zwetschge", "status": "done"}
    response = while_erasing(cast, customer, lambda: stan.post(f"/projects/{project.pk}/edit/", fields))
    assert response.status_code == 404
    project.refresh_from_db()
    assert project.description == ""


def test_the_customer_is_not_changed(cast: Cast, stan: Client, customer: Customer) -> None:
    fields = {**form_of(stan, customer), "company": "Zwetschge AG", "responsible": cast.stan.pk}
    response = while_erasing(cast, customer, lambda: stan.post(f"/customers/{customer.pk}/edit/", fields))
    assert response.status_code == 404
    customer.refresh_from_db()
    assert (customer.company, customer.responsible) == ("", None)


@pytest.mark.parametrize("action", ["archive", "restore", "erase"])
def test_nothing_else_is_done_to_it(cast: Cast, alice: Client, customer: Customer, action: str) -> None:
    path = f"/customers/{customer.pk}/{action}/"
    response = while_erasing(cast, customer, lambda: alice.post(path, {"number": customer.reference}))
    assert response.status_code in {302, 404}
    customer.refresh_from_db()
    assert customer.status == Customer.Status.ERASED


def test_no_review_is_asked_for(cast: Cast, stan: Client, customer: Customer) -> None:
    fields = {"customer": customer.pk, "subject": "company", "link": ""}
    response = while_erasing(cast, customer, lambda: stan.post("/company/reviews/request/", fields))
    assert response.status_code < 500
    assert not customer.review_requests.exists()


def test_a_review_that_is_just_being_sent_arrives_without_a_name(alice: Client, customer: Customer) -> None:
    asked = ReviewRequestFactory(customer=customer)
    answers = {"cooperation": 5, "quality": 5, "schedule": 5, "budget": 5, "text": "Good work.", "author": "Ute Zwetschge"}
    path = f"/customers/{customer.pk}/erase/"
    response = meanwhile(lambda: submit_review(asked, **answers), lambda: alice.post(path, {"number": customer.reference}))
    assert response.status_code == 302
    customer.refresh_from_db()
    assert customer.status == Customer.Status.ERASED
    assert Review.objects.get().author == ""
