"""Edits in two tabs: saving the second one keeps the first one's changes of other fields."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from zeal import zeal_ignore

from customers.models import Contact, Contract, Customer, Domain, Note, Project, Task
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    DomainFactory,
    NoteFactory,
    ProjectFactory,
    TaskFactory,
)


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, city="Köln", phone="+49 1", notes="Line one\nLine two")


def sent_by(form: Any) -> dict[str, Any]:
    """Return the data that a browser sends for the unchanged form."""
    fields: dict[str, Any] = {}
    for name in form.fields:
        field, html = form[name], str(form[name])
        if 'type="checkbox"' in html:
            if "checked" in html:
                fields[name] = "on"
        elif found := re.search(r"<textarea[^>]*>\n?(.*)</textarea>", html, re.DOTALL):
            fields[name] = re.sub("\r?\n", "\r\n", unescape(found[1]))
        elif found := re.search(r'<option value="([^"]*)" selected', html) or re.search(r'value="([^"]*)"', html):
            fields[name] = unescape(found[1])
        else:
            fields[name] = ""
        assert field is not None
    return fields


def opened(client: Client, path: str) -> dict[str, Any]:
    return sent_by(client.get(path).context["form"])


def test_second_save_overwrites_only_its_own_changes(stan: Client, alice: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/edit/"
    first, second = opened(stan, path), opened(alice, path)
    assert stan.post(path, first | {"city": "Bonn", "notes": "New notes"}).status_code == 302
    assert alice.post(path, second | {"phone": "+49 2"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.phone, customer.notes, customer.version) == ("Bonn", "+49 2", "New notes", 3)


def test_saving_again_after_a_conflict_overwrites_only_its_own_changes(stan: Client, alice: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/edit/"
    first, second = opened(stan, path), opened(alice, path)
    assert stan.post(path, first | {"city": "Bonn", "phone": "+49 9", "street": "Weg 1"}).status_code == 302
    response = alice.post(path, second | {"city": "Mainz"})
    assert response.status_code == 200
    form = response.context["form"]
    assert set(form.errors) == {"__all__", "city"}
    assert "Currently saved: Bonn" in response.content.decode()
    # Another save while the conflict is displayed.
    assert stan.post(path, opened(stan, path) | {"zip": "53111"}).status_code == 302
    assert alice.post(path, sent_by(form)).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.phone, customer.street, customer.zip) == ("Mainz", "+49 9", "Weg 1", "53111")


def test_identical_changes_do_not_conflict(stan: Client, alice: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/edit/"
    first, second = opened(stan, path), opened(alice, path)
    assert stan.post(path, first | {"city": "Bonn"}).status_code == 302
    assert alice.post(path, second | {"city": "Bonn", "phone": "+49 2"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.phone) == ("Bonn", "+49 2")


def test_validation_errors_keep_all_input(stan: Client, alice: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/edit/"
    first, second = opened(stan, path), opened(alice, path)
    assert stan.post(path, first | {"city": "Bonn"}).status_code == 302
    response = alice.post(path, second | {"email": "wrong", "phone": "+49 2"})
    assert set(response.context["form"].errors) == {"email"}
    assert alice.post(path, sent_by(response.context["form"]) | {"email": "right@clients.example"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.phone, customer.email) == ("Bonn", "+49 2", "right@clients.example")


@pytest.mark.parametrize("shown", ["", "x", "[]", "{}", '{"city": 5}', "null", '{"city":"' + "0" * 16 + '"}'])
def test_forged_digests_overwrite_nothing(stan: Client, alice: Client, customer: Customer, shown: str) -> None:
    path = f"/customers/{customer.pk}/edit/"
    second = opened(alice, path)
    assert stan.post(path, opened(stan, path) | {"city": "Bonn"}).status_code == 302
    assert alice.post(path, second | {"shown": shown}).status_code == 200
    customer.refresh_from_db()
    assert customer.city == "Bonn"


def test_digests_do_not_reveal_the_values(stan: Client, customer: Customer) -> None:
    shown = opened(stan, f"/customers/{customer.pk}/edit/")["shown"]
    assert "Köln" not in shown
    assert "+49 1" not in shown


@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_changes_of_different_fields_are_all_saved(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    path = f"/customers/{customer.pk}/edit/"
    client = Client()
    client.force_login(cast.alice)
    form = opened(client, path)
    names = ["first_name", "last_name", "phone", "street", "zip", "city", "notes"]

    def save(n: int) -> int:
        browser = Client()
        browser.force_login(cast.alice)
        with zeal_ignore():  # Later requests load the customer again.
            return browser.post(path, form | {names[n]: f"9{n}"}).status_code

    assert at_once(len(names), save) == [302] * len(names)
    customer.refresh_from_db()
    assert [getattr(customer, name) for name in names] == [f"9{n}" for n in range(len(names))]
    assert customer.version == len(names) + 1


#: By kind: the factory, the change in the first tab, and the change in the second tab.
KINDS: dict[str, tuple[Any, type, dict[str, str], dict[str, str]]] = {
    "projects": (ProjectFactory, Project, {"title": "First", "due_on": "2099-01-01"}, {"description": "Second"}),
    "tasks": (TaskFactory, Task, {"title": "First", "priority": "3"}, {"due_on": "2099-01-01"}),
    "domains": (DomainFactory, Domain, {"registrar": "First", "auto_renew": "on"}, {"name": "müller-second.de"}),
    "contacts": (ContactFactory, Contact, {"last_name": "First", "role": "billing"}, {"phone": "030 123"}),
    "contracts": (ContractFactory, Contract, {"number": "First", "price": "12.50"}, {"product": "Second"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_items_are_merged_like_customers(stan: Client, alice: Client, customer: Customer, kind: str) -> None:
    factory, model, in_first, in_second = KINDS[kind]
    item = factory(customer=customer)
    path = f"/{kind}/{item.pk}/edit/"
    first, second = opened(stan, path), opened(alice, path)
    assert stan.post(path, first | in_first).status_code == 302
    response = alice.post(path, second | in_second)
    assert response.status_code == 302, response.context["form"].errors
    after = opened(stan, path)
    assert {name: after.get(name, "") for name in in_first | in_second} == in_first | in_second
    # Both tabs change the same field.
    name = next(iter(in_first))
    clash = alice.post(path, second | {name: "third"})
    assert clash.status_code == 200
    assert name in clash.context["form"].errors
    assert opened(stan, path) == after
    assert alice.post(path, sent_by(clash.context["form"])).status_code == 302
    assert opened(stan, path)[name] == "third"
    assert model.objects.count() == (2 if kind == "contacts" else 1)


def test_note_changed_in_both_tabs_conflicts(stan: Client, alice: Client, customer: Customer) -> None:
    note = NoteFactory(customer=customer, text="Before")
    path = f"/notes/{note.pk}/edit/"
    first, second = opened(stan, path), opened(alice, path)
    assert stan.post(path, first | {"text": "First"}).status_code == 302
    assert alice.post(path, second).status_code == 302
    assert Note.objects.get().text == "First"
    assert "Currently saved: First" in alice.post(path, second | {"text": "Second"}).content.decode()


def test_task_completed_in_the_meantime_stays_completed(stan: Client, alice: Client, customer: Customer) -> None:
    task = TaskFactory(customer=customer)
    form = opened(alice, f"/tasks/{task.pk}/edit/")
    stan.post(f"/tasks/{task.pk}/done/")
    assert alice.post(f"/tasks/{task.pk}/edit/", form | {"title": "Other"}).status_code == 302
    task.refresh_from_db()
    assert (task.title, task.done_at is not None) == ("Other", True)
