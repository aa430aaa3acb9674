"""Editing a customer (`/customers/<id>/edit/`)."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from customers.models import Customer, Project
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Old Name GmbH", city="Köln", phone="+49 1")


def form_of(client: Client, customer: Customer) -> dict[str, str]:
    form = client.get(f"/customers/{customer.pk}/edit/").context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_timeline_names_changed_fields_without_their_contents(stan: Client, customer: Customer) -> None:
    fields = {**form_of(stan, customer), "company": "New Name GmbH", "city": "Bonn"}
    response = stan.post(f"/customers/{customer.pk}/edit/", fields, follow=True)
    page = response.content.decode()
    assert "New Name GmbH" in page
    assert "Updated: Company" in page
    event = AuditEvent.objects.get(action="customer.updated")
    assert event.data == {"fields": ["company", "city"]}
    assert event.customer_id == customer.pk


def test_saving_without_changes_records_no_event(stan: Client, customer: Customer) -> None:
    assert stan.post(f"/customers/{customer.pk}/edit/", form_of(stan, customer)).status_code == 302
    assert not AuditEvent.objects.filter(action="customer.updated").exists()


def test_title_shows_the_saved_name_when_the_form_has_errors(stan: Client, customer: Customer) -> None:
    response = stan.post(f"/customers/{customer.pk}/edit/", {**form_of(stan, customer), "company": "", "city": "Typed City"})
    assert list(response.context["form"].errors) == ["company"]
    assert "Typed City" in response.content.decode()
    assert "Old Name GmbH" in response.content.decode()
    customer.refresh_from_db()
    assert customer.city == "Köln"


@pytest.mark.parametrize(
    "wrong", [{"kind": "person", "last_name": ""}, {"kind": "company", "company": ""}, {"kind": "robot"}, {"number": 5}]
)
def test_database_rejects_invalid_customers(customer: Customer, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(**wrong)


def test_only_team_members_can_be_account_managers(stan: Client, cast: Cast, customer: Customer) -> None:
    stranger = {**form_of(stan, customer), "responsible": str(cast.charlie.pk)}
    for path in (f"/customers/{customer.pk}/edit/", "/customers/add/"):
        assert stan.post(path, stranger).context["form"].errors.keys() == {"responsible"}
    colleague = {**stranger, "responsible": str(cast.max.pk)}
    assert stan.post(f"/customers/{customer.pk}/edit/", colleague).status_code == 302


def test_added_project_is_shown(stan: Client, customer: Customer) -> None:
    path = f"/customers/{customer.pk}/projects/add/"
    response = stan.post(path, {"title": "Relaunch", "status": "active", "due_on": "2026-12-24"}, follow=True)
    assert Project.objects.get().customer == customer
    assert "Relaunch" in response.content.decode()
    assert AuditEvent.objects.get(action="project.added").customer_id == customer.pk


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "nul \x00"}, "title"),
        ({"description": "x" * 10_001}, "description"),
        ({"description": "bell \x07"}, "description"),
        ({"status": "lost"}, "status"),
        ({"due_on": "31.02.2026"}, "due_on"),
    ],
)
def test_invalid_project_input_shows_an_error(stan: Client, customer: Customer, fields: dict[str, str], field: str) -> None:
    response = stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active", **fields})
    assert list(response.context["form"].errors) == [field]
    assert not Project.objects.exists()


def test_database_rejects_a_project_of_another_agency_than_its_customer(customer: Customer, cast: Cast) -> None:
    ProjectFactory(customer=customer, agency=cast.birch)
    with pytest.raises(IntegrityError, match="project_customer_same_agency"):
        connection.check_constraints()


def test_conflict_keeps_the_input_unchanged(stan: Client, alice: Client, customer: Customer) -> None:
    form = form_of(stan, customer)
    alice.post(f"/customers/{customer.pk}/edit/", {**form_of(alice, customer), "city": "Bonn"})
    response = stan.post(f"/customers/{customer.pk}/edit/", {**form, "city": "Trier"})
    page = response.content.decode()
    assert 'value="Trier"' in page
    assert 'value="Old Name GmbH"' in page
    assert "Currently saved: Bonn" in page
    assert stan.post(f"/customers/{customer.pk}/edit/", form_of_response(response)).status_code == 302
    customer.refresh_from_db()
    assert (customer.company, customer.city) == ("Old Name GmbH", "Trier")


def form_of_response(response) -> dict[str, str]:
    """Return the data that the browser sends when the form is saved again."""
    form = response.context["form"]
    return {name: form[name].value() or "" for name in form.fields}


@pytest.mark.parametrize("action", ["edit", "projects/add"])
def test_editing_another_agencys_customer_returns_404_and_changes_nothing(
    stan: Client, charlie: Client, customer: Customer, action: str
) -> None:
    fields = {**form_of(stan, customer), "company": "Taken Over GmbH", "title": "Taken over", "status": "active"}
    assert charlie.post(f"/customers/{customer.pk}/{action}/", fields).status_code == 404
    customer.refresh_from_db()
    assert customer.company == "Old Name GmbH"
    assert not Project.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_each_change_is_in_one_transaction_with_its_event(stan: Client, customer: Customer) -> None:
    stan.post(f"/customers/{customer.pk}/edit/", {**form_of(stan, customer), "city": "Bonn"})
    stan.post(f"/customers/{customer.pk}/projects/add/", {"title": "Relaunch", "status": "active"})
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"customer.created", "customer.updated", "project.added"}


@pytest.mark.parametrize("wrong", [{"title": ""}, {"status": "lost"}])
def test_database_rejects_invalid_projects(customer: Customer, wrong: dict[str, str]) -> None:
    ProjectFactory(customer=customer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.update(**wrong)
