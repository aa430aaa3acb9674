"""A form adds one thing, however often it is sent."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from customers.models import Contract, Customer, Domain, FormSubmission, Note, Project, Task
from customers.tasks import purge_imports
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_two_tabs import sent_by
from tests.factories.customers import CustomerFactory

#: By the last part of the address: the model, what is typed, and what is changed after going back.
KINDS: dict[str, tuple[type, dict[str, str], dict[str, str]]] = {
    "customers": (Customer, {"company": "Twice GmbH"}, {"company": "Thrice GmbH"}),
    "projects": (Project, {"title": "Relaunch"}, {"title": "Relaunch 2"}),
    "tasks": (Task, {"title": "Call back"}, {"title": "Call back again"}),
    "domains": (Domain, {"name": "twice.example"}, {"name": "thrice.example"}),
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
    return model.objects.count() - (kind == "customers")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_form_sent_again_leads_to_what_it_added(stan: Client, customer: Customer, kind: str) -> None:
    path, fields = path_of(kind, customer), filled_in(stan, kind, customer)
    first = stan.post(path, fields)
    assert first.status_code == 302, first.context["form"].errors
    second = stan.post(path, fields, follow=True)
    assert second.redirect_chain == [(first["Location"], 302)]
    assert "has already been added" in second.content.decode()
    assert count(kind) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_changed_after_going_back_is_kept_and_can_be_added_on_purpose(stan: Client, customer: Customer, kind: str) -> None:
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
    # Customers with similar names are shown first.
    assert stan.post(path, again | {"add_anyway": "Add anyway"}).status_code == 302
    assert count(kind) == 2
    stan.post(path, again | {"add_anyway": "Add anyway"})
    assert count(kind) == 2


@pytest.mark.parametrize("kind", ["customers", "tasks"])
def test_the_same_input_in_a_form_loaded_anew_is_questioned(stan: Client, alice: Client, customer: Customer, kind: str) -> None:
    """What browsers without scripts send after going back."""
    path = path_of(kind, customer)
    assert stan.post(path, filled_in(stan, kind, customer)).status_code == 302
    response = stan.post(path, filled_in(stan, kind, customer))
    assert response.status_code == 200
    assert "has already been added" in response.content.decode()
    assert count(kind) == 1
    assert stan.post(path, sent_by(response.context["form"]) | {"add_anyway": "Add anyway"}).status_code == 302
    assert count(kind) == 2
    if kind == "tasks":
        # Somebody else means it.
        assert alice.post(path, filled_in(alice, kind, customer)).status_code == 302


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.django_db(transaction=True)
def test_eight_at_once_add_one(cast: Cast, kind: str) -> None:
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


def test_a_form_with_a_mistake_is_not_used_up(stan: Client, customer: Customer) -> None:
    path, fields = path_of("tasks", customer), filled_in(stan, "tasks", customer)
    response = stan.post(path, fields | {"title": ""})
    assert response.status_code == 200
    assert stan.post(path, sent_by(response.context["form"]) | {"title": "Call back"}).status_code == 302
    assert count("tasks") == 1


def test_what_was_removed_meanwhile_can_be_added_anew(stan: Client, customer: Customer) -> None:
    path, fields = path_of("tasks", customer), filled_in(stan, "tasks", customer)
    stan.post(path, fields)
    stan.post(f"/tasks/{Task.objects.get().pk}/remove/")
    response = stan.post(path, fields)
    assert response.status_code == 200
    assert "has since been removed" in response.content.decode()
    assert stan.post(path, sent_by(response.context["form"])).status_code == 302
    assert count("tasks") == 1


def test_a_number_means_nothing_in_another_agency(stan: Client, charlie: Client, cast: Cast, customer: Customer) -> None:
    fields = filled_in(stan, "customers", customer)
    stan.post("/customers/add/", fields)
    assert charlie.post("/customers/add/", fields | {"company": "Birch’s own GmbH"}).status_code == 302
    assert Customer.objects.filter(agency=cast.birch, company="Birch’s own GmbH").exists()


@pytest.mark.parametrize("number", ["x", "a:b:c", "\x00", "9" * 5000])
def test_a_forged_number_adds_nothing_until_the_form_is_saved_again(stan: Client, customer: Customer, number: str) -> None:
    path = path_of("tasks", customer)
    response = stan.post(path, filled_in(stan, "tasks", customer) | {"form_number": number})
    assert response.status_code == 200
    assert not Task.objects.exists()
    assert stan.post(path, sent_by(response.context["form"])).status_code == 302
    assert count("tasks") == 1


def test_after_30_days_the_form_is_asked_for_once_more_and_its_number_forgotten(stan: Client, cast: Cast, customer: Customer) -> None:
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
