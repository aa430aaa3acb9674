"""The activity on a customer's page names its objects, although events never store a name."""

import re
from html import unescape

import pytest
from django.test import Client

from customers.models import Customer, Domain, Project, Task
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.reviews import ReviewFactory


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


def activity(client: Client, customer: Customer) -> list[str]:
    """Return the sentences of the customer's timeline, newest first."""
    page = client.get(customer.get_absolute_url()).content.decode()
    return [unescape(text.strip()) for text in re.findall(r'class="timeline-what">(.*?)</div>', page, re.DOTALL)]


def test_added_and_changed_items_are_named(stan: Client, cast: Cast, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/tasks/add/", {"title": "Call the printer", "priority": "1"})
    task = Task.objects.get()
    stan.post(f"/tasks/{task.pk}/edit/", {"title": "Call the printer", "priority": "1", "assignee": cast.max.pk, "due_on": "2030-01-02"})
    stan.post(f"/tasks/{task.pk}/done/")
    stan.post(f"/customers/{customer.pk}/domains/add/", {"name": "müllerei.example"})
    assert activity(stan, customer)[:4] == [
        "Domain müllerei.example added",
        "Task “Call the printer” completed",
        "Task “Call the printer” updated: Due on and Assigned to (Max Meyer)",
        "Task “Call the printer” added",
    ]


def test_the_name_is_the_current_one(stan: Client, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active"})
    stan.post(f"/projects/{Project.objects.get().pk}/edit/", {"title": "Shop", "status": "active"})
    assert activity(stan, customer)[:2] == ["Project “Shop” updated: Title", "Project “Shop” added"]


def test_removed_items_fall_back_to_the_sentence_without_a_name(stan: Client, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/domains/add/", {"name": "secret-plan.example"})
    stan.post(f"/domains/{Domain.objects.get().pk}/remove/")
    assert activity(stan, customer)[:2] == ["Domain removed", "Domain added"]
    assert "secret-plan" not in "".join(str(row) for row in AuditEvent.objects.values_list())


def test_reviews_are_named_by_what_they_rate(stan: Client, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active"})
    project = Project.objects.get()
    stan.post("/company/reviews/request/", {"customer": customer.pk, "subject": "project", "project": project.pk, "link": ""})
    assert activity(stan, customer)[0] == "Review of “Relaunch” requested"


def test_actions_on_a_review_are_named(alice: Client, cast: Cast, customer: Customer) -> None:
    review = ReviewFactory(review_request__customer=customer)
    alice.post(f"/company/reviews/{review.pk}/pin/")
    assert activity(alice, customer)[0] == f"Review of “{review.subject_label}” pinned to top"


def test_a_new_account_manager_is_named(stan: Client, cast: Cast, customer: Customer) -> None:
    form = {"kind": "company", "company": "Alder & Sons", "country": "DE", "language": "en", "responsible": cast.max.pk}
    stan.post(f"/customers/{customer.pk}/edit/", form)
    assert "Account manager (Max Meyer)" in activity(stan, customer)[0]
