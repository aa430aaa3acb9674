"""A form adds one object, even if it is submitted several times."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from customers.models import Contact, Contract, Customer, Domain, FormSubmission, Note, Project, Task
from customers.tasks import purge_imports
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_two_tabs import sent_by
from tests.factories.customers import CustomerFactory

#: By the last part of the path: the model, the input, and a change after going back in the browser.
KINDS: dict[str, tuple[type, dict[str, str], dict[str, str]]] = {
    "customers": (Customer, {"company": "Twice GmbH"}, {"company": "Thrice GmbH"}),
    "projects": (Project, {"title": "Relaunch"}, {"title": "Relaunch 2"}),
    "tasks": (Task, {"title": "Call back"}, {"title": "Call back again"}),
    "domains": (Domain, {"name": "twice.example"}, {"name": "thrice.example"}),
    "contacts": (Contact, {"last_name": "Twice", "language": "en"}, {"last_name": "Thrice"}),
    "contracts": (Contract, {"number": "V-77"}, {"number": "V-78"}),
    "notes": (Note, {"text": "Likes tea"}, {"text": "Likes coffee"}),
}


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


def path_of(kind: str, customer: Customer) -> str:
    return "/customers/add/" if kind == "customers" else f"/customers/{customer.pk}/{kind}/add/"


def filled_in(client: Client, kind: str, customer: Customer) -> dict[str, Any]:
    return sent_by(client.get(path_of(kind, customer)).context["form"]) | KINDS[kind][1]


def count(kind: str) -> int:
    model: Any = KINDS[kind][0]
    return model.objects.count() - (kind in {"customers", "contacts"})


@pytest.mark.parametrize("kind", KINDS)
def test_second_submission_redirects_to_the_added_object(stan: Client, customer: Customer, kind: str) -> None:
    path, fields = path_of(kind, customer), filled_in(stan, kind, customer)
    first = stan.post(path, fields)
    assert first.status_code == 302, first.context["form"].errors
    second = stan.post(path, fields, follow=True)
    assert second.redirect_chain == [(first["Location"], 302)]
    assert "has already been added" in second.content.decode()
    assert count(kind) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_changed_second_submission_can_add_another_object(stan: Client, customer: Customer, kind: str) -> None:
    path, (_model, _typed, changes) = path_of(kind, customer), KINDS[kind]
    fields = filled_in(stan, kind, customer)
    stan.post(path, fields)
    response = stan.post(path, fields | changes)
    assert response.status_code == 200
    page = response.content.decode()
    assert "has already been added" in page
    assert next(iter(changes.values())) in page
    assert count(kind) == 1
    added = KINDS[kind][0].objects.latest("pk")  # type: ignore[attr-defined]
    assert f'href="{added.get_absolute_url() if kind == "customers" else f"/{kind}/{added.pk}/edit/"}"' in page

    again = sent_by(response.context["form"])
    assert again.items() >= changes.items()
    # Possible duplicates are shown first.
    assert stan.post(path, again | {"add_anyway": "Add anyway"}).status_code == 302
    assert count(kind) == 2
    stan.post(path, again | {"add_anyway": "Add anyway"})
    assert count(kind) == 2


@pytest.mark.parametrize("kind", ["customers", "tasks"])
def test_identical_input_in_a_reloaded_form_must_be_confirmed(stan: Client, alice: Client, customer: Customer, kind: str) -> None:
    """Browsers without scripts send this after going back."""
    path = path_of(kind, customer)
    assert stan.post(path, filled_in(stan, kind, customer)).status_code == 302
    response = stan.post(path, filled_in(stan, kind, customer))
    assert response.status_code == 200
    assert "has already been added" in response.content.decode()
    assert count(kind) == 1
    assert stan.post(path, sent_by(response.context["form"]) | {"add_anyway": "Add anyway"}).status_code == 302
    assert count(kind) == 2
    if kind == "tasks":
        # Identical input of another user is accepted.
        assert alice.post(path, filled_in(alice, kind, customer)).status_code == 302


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.django_db(transaction=True)
def test_eight_concurrent_submissions_add_one_object(cast: Cast, kind: str) -> None:
    customer = CustomerFactory(agency=cast.alder)
    client = Client()
    client.force_login(cast.stan)
    path, fields = path_of(kind, customer), filled_in(client, kind, customer)

    def save(n: int) -> int:
        browser = Client()
        browser.force_login(cast.stan)
        return browser.post(path, fields).status_code

    assert at_once(8, save) == [302] * 8
    assert count(kind) == 1
    assert FormSubmission.objects.get().added_id == KINDS[kind][0].objects.latest("pk").pk  # type: ignore[attr-defined]


def test_form_with_errors_can_be_submitted_again(stan: Client, customer: Customer) -> None:
    path, fields = path_of("tasks", customer), filled_in(stan, "tasks", customer)
    response = stan.post(path, fields | {"title": ""})
    assert response.status_code == 200
    assert stan.post(path, sent_by(response.context["form"]) | {"title": "Call back"}).status_code == 302
    assert count("tasks") == 1


def test_object_removed_since_can_be_added_again(stan: Client, customer: Customer) -> None:
    path, fields = path_of("tasks", customer), filled_in(stan, "tasks", customer)
    stan.post(path, fields)
    stan.post(f"/tasks/{Task.objects.get().pk}/remove/")
    response = stan.post(path, fields)
    assert response.status_code == 200
    assert "has since been removed" in response.content.decode()
    assert stan.post(path, sent_by(response.context["form"])).status_code == 302
    assert count("tasks") == 1


def test_form_numbers_are_independent_between_agencies(stan: Client, charlie: Client, cast: Cast, customer: Customer) -> None:
    fields = filled_in(stan, "customers", customer)
    stan.post("/customers/add/", fields)
    assert charlie.post("/customers/add/", fields | {"company": "Birch’s own GmbH"}).status_code == 302
    assert Customer.objects.filter(agency=cast.birch, company="Birch’s own GmbH").exists()


@pytest.mark.parametrize("number", ["x", "a:b:c", "\x00", "9" * 5000])
def test_forged_number_adds_nothing_until_the_form_is_saved_again(stan: Client, customer: Customer, number: str) -> None:
    path = path_of("tasks", customer)
    response = stan.post(path, filled_in(stan, "tasks", customer) | {"form_number": number})
    assert response.status_code == 200
    assert not Task.objects.exists()
    assert stan.post(path, sent_by(response.context["form"])).status_code == 302
    assert count("tasks") == 1


def test_forms_expire_after_30_days_and_their_submissions_are_deleted(stan: Client, cast: Cast, customer: Customer) -> None:
    path, fields = path_of("tasks", customer), filled_in(stan, "tasks", customer)
    stan.post(path, fields)
    with time_machine.travel(timezone.now() + timedelta(days=29), tick=True):
        purge_imports()
        assert FormSubmission.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        purge_imports()
        assert not FormSubmission.objects.exists()
        stan.force_login(cast.stan)
        response = stan.post(path, fields)
        assert response.status_code == 200
        assert "open for too long" in response.content.decode()
        assert count("tasks") == 1
