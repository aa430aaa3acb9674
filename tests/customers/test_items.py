"""Projects, tasks, domains, contracts and notes: add, edit and remove, in a dialog or on a separate page."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from customers.models import Contract, Customer, Domain, Note, Project, Task
from customers.services.customers import archive_customer
from customers.services.items import update_item
from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.reviews import ReviewRequestFactory

HTMX = {"HX-Request": "true"}
CONTRACT = {"number": "V-2099-1", "currency": "EUR", "interval": "month", "notice_count": "1", "notice_unit": "months", "status": "active"}
#: By kind: the model, valid input, and a field with an invalid value.
KINDS = {
    "projects": (Project, {"title": "Relaunch", "status": "active"}, "title", ""),
    "tasks": (Task, {"title": "Call", "priority": "1"}, "due_on", "someday"),
    "domains": (Domain, {"name": "Müllerei.example"}, "name", "no domain"),
    "contracts": (Contract, CONTRACT, "price", "-1"),
    "notes": (Note, {"text": "Calls in the morning."}, "text", "\x07"),
}
FACTORIES = {
    "projects": ProjectFactory,
    "tasks": TaskFactory,
    "domains": DomainFactory,
    "contracts": ContractFactory,
    "notes": NoteFactory,
}


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_added_item_is_shown_on_the_customers_page(stan: Client, customer: Customer, kind: str, headers: dict[str, str]) -> None:
    model, good, _field, _bad = KINDS[kind]
    path = f"/customers/{customer.pk}/{kind}/add/"
    page = stan.get(path, headers=headers).content.decode()
    assert ("<html" in page) is not bool(headers)
    response = stan.post(path, good, headers=headers)
    if headers:
        assert (response.status_code, response["HX-Redirect"]) == (204, customer.get_absolute_url())
    else:
        assert (response.status_code, response.url) == (302, customer.get_absolute_url())
    item = model.objects.get()
    assert (item.customer, item.agency) == (customer, customer.agency)
    assert str(item) in stan.get(customer.get_absolute_url()).content.decode()
    event = AuditEvent.objects.get(action=f"{kind[:-1]}.added")
    assert (event.customer_id, event.object_label, event.data) == (customer.pk, customer.reference, {})


@pytest.mark.parametrize("kind", KINDS)
def test_invalid_input_shows_an_error_at_its_field(stan: Client, customer: Customer, kind: str) -> None:
    model, good, field, bad = KINDS[kind]
    response = stan.post(f"/customers/{customer.pk}/{kind}/add/", {**good, field: bad})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not model.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_edit_and_remove(stan: Client, customer: Customer, kind: str) -> None:
    model, good, _field, _bad = KINDS[kind]
    item = FACTORIES[kind](customer=customer)
    assert stan.get(f"/{kind}/{item.pk}/edit/").status_code == 200
    assert stan.post(f"/{kind}/{item.pk}/edit/", good).status_code == 302
    assert str(model.objects.get()) != str(item)
    assert AuditEvent.objects.filter(action=f"{kind[:-1]}.changed").count() == 1
    assert stan.post(f"/{kind}/{item.pk}/remove/").status_code == 302
    assert not model.objects.exists()
    assert AuditEvent.objects.get(action=f"{kind[:-1]}.removed").object_id == item.pk


@pytest.mark.parametrize("kind", KINDS)
def test_archived_customers_accept_no_items(stan: Client, customer: Customer, cast: Cast, kind: str) -> None:
    path, good = f"/customers/{customer.pk}/{kind}/add/", KINDS[kind][1]
    archive_customer(customer, by=cast.alice)
    assert stan.get(path).status_code == 404
    # A form opened before shows the reason and keeps its input.
    response = stan.post(path, good)
    assert response.status_code == 200
    assert "This customer is archived." in str(response.context["form"].non_field_errors())
    assert {name: response.context["form"][name].value() for name in good} == good
    assert not KINDS[kind][0].objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_item_removed_during_an_edit_stays_removed(cast: Cast, stan: Client, customer: Customer, kind: str) -> None:
    """The edit loads the item before the removal and saves it afterwards."""
    model, good, _field, _bad = KINDS[kind]
    item = FACTORIES[kind](customer=customer)
    changed = model.objects.select_related("customer__agency").get(pk=item.pk)
    stan.post(f"/{kind}/{item.pk}/remove/")
    with pytest.raises(model.DoesNotExist):
        update_item(changed, changed=list(good), by=cast.stan)
    assert not model.objects.exists()


@pytest.mark.parametrize(("language", "typed"), [("de", "1234,5"), ("de", "1234.50"), ("en", "1234.5")])
def test_prices_are_parsed_in_the_users_language(stan: Client, customer: Customer, language: str, typed: str) -> None:
    stan.cookies["django_language"] = language
    response = stan.post(f"/customers/{customer.pk}/contracts/add/", {**CONTRACT, "price": typed})
    assert response.status_code == 302, response.context["form"].errors
    contract = Contract.objects.get()
    assert contract.price == Decimal("1234.50")
    page = stan.get(f"/contracts/{contract.pk}/edit/").content.decode()
    assert f'value="{"1234,50" if language == "de" else "1234.50"}"' in page
    assert 'type="number" name="price"' not in page


def test_task_rejects_projects_and_assignees_of_others(stan: Client, customer: Customer, cast: Cast) -> None:
    for project in (ProjectFactory(customer__agency=cast.alder), ProjectFactory(customer__agency=cast.birch)):
        response = stan.post(f"/customers/{customer.pk}/tasks/add/", {"title": "Call", "priority": "2", "project": project.pk})
        assert list(response.context["form"].errors) == ["project"]
    response = stan.post(f"/customers/{customer.pk}/tasks/add/", {"title": "Call", "priority": "2", "assignee": cast.charlie.pk})
    assert list(response.context["form"].errors) == ["assignee"]


def test_database_rejects_a_task_with_another_customers_project(customer: Customer, cast: Cast) -> None:
    TaskFactory(customer=customer, project=ProjectFactory(customer__agency=cast.alder))
    with pytest.raises(IntegrityError, match="task_project_same_customer"):
        connection.check_constraints()


@pytest.mark.parametrize("kind", ["tasks", "domains", "contracts", "notes"])
def test_database_rejects_another_agency_than_the_customers(customer: Customer, cast: Cast, kind: str) -> None:
    FACTORIES[kind](customer=customer, agency=cast.birch)
    with pytest.raises(IntegrityError, match="customer_same_agency"):
        connection.check_constraints()


def test_task_can_be_completed_and_reopened(stan: Client, customer: Customer) -> None:
    task = TaskFactory(customer=customer)
    row = stan.post(f"/tasks/{task.pk}/done/", headers=HTMX).content.decode()
    assert f"/tasks/{task.pk}/undo/" in row
    assert "<html" not in row
    task.refresh_from_db()
    assert task.is_done
    assert stan.post(f"/tasks/{task.pk}/undo/", {"next": "/tasks/"}).url == "/tasks/"
    task.refresh_from_db()
    assert not task.is_done
    assert list(AuditEvent.objects.filter(object_type="customers.task").order_by("pk").values_list("action", flat=True)) == [
        "task.done",
        "task.reopened",
    ]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_next_does_not_redirect_to_other_sites(stan: Client, customer: Customer, target: str) -> None:
    task = TaskFactory(customer=customer)
    assert stan.post(f"/tasks/{task.pk}/done/", {"next": target}).url == customer.get_absolute_url()


@pytest.mark.django_db(transaction=True)
def test_concurrent_completion_records_one_event(cast: Cast) -> None:
    task = TaskFactory(customer__agency=cast.alder)

    def click(_n: int) -> int:
        client = Client()
        client.force_login(cast.stan)
        return client.post(f"/tasks/{task.pk}/done/").status_code

    assert at_once(2, click) == [302, 302]
    assert AuditEvent.objects.filter(action="task.done").count() == 1


@pytest.mark.parametrize(
    ("typed", "stored", "shown"),
    [
        ("Müllerei.DE", "xn--mllerei-n2a.de", "müllerei.de"),
        ("https://www.Example.com/shop?x=1", "www.example.com", "www.example.com"),
        ("straße.example", "xn--strae-oqa.example", "straße.example"),
        ("xn--mllerei-n2a.de", "xn--mllerei-n2a.de", "müllerei.de"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト"),
        ("example.com.", "example.com", "example.com"),
        ("groß.de:443", "xn--gro-7ka.de", "groß.de"),
        ("https://groß.de?x=1", "xn--gro-7ka.de", "groß.de"),
        ("groß.de#a", "xn--gro-7ka.de", "groß.de"),
        ("groß.de?next=https://example.com/", "xn--gro-7ka.de", "groß.de"),
        ("https://groß.de.:8443/shop:1?x=1#a", "xn--gro-7ka.de", "groß.de"),
        ("HTTPS://example.com:", "example.com", "example.com"),
        ("//example.com/shop", "example.com", "example.com"),
        ("https:\\\\example.com\\shop", "example.com", "example.com"),
    ],
)
def test_domain_names_are_stored_as_lower_case_a_labels(stan: Client, customer: Customer, typed: str, stored: str, shown: str) -> None:
    assert stan.post(f"/customers/{customer.pk}/domains/add/", {"name": typed}).status_code == 302
    domain = Domain.objects.get()
    assert (domain.name, domain.unicode_name) == (stored, shown)
    assert shown in stan.get(customer.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "localhost",
        "-a.de",
        "a..de",
        "a b.de",
        "1.2.3.4",
        "x" * 64 + ".de",
        "a.de:x",
        "a.de:443:1",
        ":443",
        "?a.de",
        "#a.de",
        "\x00.de",
        "‮.de",
    ],
)
def test_invalid_domain_names_are_rejected(stan: Client, customer: Customer, typed: str) -> None:
    response = stan.post(f"/customers/{customer.pk}/domains/add/", {"name": typed})
    assert list(response.context["form"].errors) == ["name"]


def test_domain_is_unique_within_an_agency(stan: Client, charlie: Client, customer: Customer, cast: Cast) -> None:
    holder = DomainFactory(customer__agency=cast.alder, name="xn--mllerei-n2a.de").customer
    response = stan.post(f"/customers/{customer.pk}/domains/add/", {"name": "MÜLLEREI.de"})
    assert holder.reference in " ".join(response.context["form"].errors["name"])
    other = CustomerFactory(agency=cast.birch)
    assert charlie.post(f"/customers/{other.pk}/domains/add/", {"name": "müllerei.de"}).status_code == 302
    with pytest.raises(IntegrityError, match="domain_once_per_agency"), transaction.atomic():
        DomainFactory(customer=customer, name="xn--mllerei-n2a.de")
    with pytest.raises(IntegrityError, match="domain_name_is_lower_case"), transaction.atomic():
        DomainFactory(customer=customer, name="Upper.de")


@pytest.mark.django_db(transaction=True)
def test_domain_added_concurrently_is_added_once(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)

    def add(_n: int) -> int:
        client = Client()
        client.force_login(cast.stan)
        return client.post(f"/customers/{customer.pk}/domains/add/", {"name": "once.example"}).status_code

    assert sorted(at_once(10, add)) == [200] * 9 + [302]
    assert Domain.objects.count() == 1


@pytest.mark.parametrize(
    ("ends_on", "count", "unit", "cancel_by"),
    [
        ("2026-03-31", 1, "months", date(2026, 2, 28)),
        ("2024-03-31", 1, "months", date(2024, 2, 29)),
        ("2026-12-31", 3, "months", date(2026, 9, 30)),
        ("2026-01-10", 2, "weeks", date(2025, 12, 27)),
        ("2026-03-01", 14, "days", date(2026, 2, 15)),
        ("2026-03-01", 0, "months", date(2026, 3, 1)),
    ],
)
def test_cancel_by_is_calculated(stan: Client, customer: Customer, ends_on: str, count: int, unit: str, cancel_by: date) -> None:
    fields = {**CONTRACT, "price": "1234.50", "ends_on": ends_on, "notice_count": str(count), "notice_unit": unit}
    assert stan.post(f"/customers/{customer.pk}/contracts/add/", fields).status_code == 302
    contract = Contract.objects.get()
    assert (contract.cancel_by, contract.price) == (cancel_by, Decimal("1234.50"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"starts_on": "2026-02-01", "ends_on": "2026-01-01"}, "__all__"),
        ({"price": "99999999999999"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"notice_count": "-1"}, "notice_count"),
        ({"notice_count": "100000"}, "notice_count"),
        ({"number": ""}, "number"),
        ({"ends_on": "0000-00-00"}, "ends_on"),
        ({"currency": "XXX"}, "currency"),
    ],
)
def test_invalid_contracts_are_rejected(stan: Client, customer: Customer, fields: dict[str, str], field: str) -> None:
    response = stan.post(f"/customers/{customer.pk}/contracts/add/", {**CONTRACT, **fields})
    assert list(response.context["form"].errors) == [field]


def test_end_date_in_year_1_is_rejected_without_a_server_error(stan: Client, customer: Customer) -> None:
    fields = {**CONTRACT, "ends_on": "0001-01-01", "notice_count": "999"}
    response = stan.post(f"/customers/{customer.pk}/contracts/add/", fields)
    assert list(response.context["form"].errors) == ["ends_on"]
    assert stan.post(f"/customers/{customer.pk}/contracts/add/", {**fields, "ends_on": "1900-01-01"}).status_code == 302
    assert stan.get(customer.get_absolute_url()).status_code == 200


def test_project_with_a_review_request_cannot_be_removed(stan: Client, customer: Customer) -> None:
    project = ProjectFactory(customer=customer)
    ReviewRequestFactory(customer=customer, project=project)
    page = stan.post(f"/projects/{project.pk}/remove/", follow=True).content.decode()
    assert "This project has a review request, so it can’t be removed" in page
    assert Project.objects.exists()


def test_project_progress_counts_its_tasks(stan: Client, customer: Customer) -> None:
    project = ProjectFactory(customer=customer)
    for done_at in (None, None, timezone.now()):
        TaskFactory(customer=customer, project=project, done_at=done_at)
    row = stan.get(customer.get_absolute_url()).context["projects"][0]
    assert (row.task_count, row.done_count) == (3, 1)


TODAY = timezone.localdate


def test_lists_filter_the_agencys_items(stan: Client, cast: Cast) -> None:
    def day(days: int) -> date:
        return TODAY() + timedelta(days=days)

    late = TaskFactory(customer__agency=cast.alder, due_on=day(-1), assignee=cast.stan)
    later = TaskFactory(customer__agency=cast.alder, due_on=day(60))
    someday = TaskFactory(customer__agency=cast.alder)
    done = TaskFactory(customer__agency=cast.alder, done_at=timezone.now())
    soon = DomainFactory(customer__agency=cast.alder, expires_on=day(12))
    renewed = DomainFactory(customer__agency=cast.alder, expires_on=day(12), auto_renew=True)
    ending = ContractFactory(customer__agency=cast.alder, ends_on=day(70), notice_count=2, notice_unit="months")
    running = ContractFactory(customer__agency=cast.alder, ends_on=day(400))
    active = ProjectFactory(customer__agency=cast.alder, status="active", due_on=day(-5))
    over = ProjectFactory(customer__agency=cast.alder, status="done")
    for factory in FACTORIES.values():
        factory(customer__agency=cast.birch)

    for address, expected in (
        ("/tasks/", [late, later, someday]),
        ("/tasks/?whose=mine", [late]),
        ("/tasks/?whose=nobody", [later, someday]),
        ("/tasks/?when=overdue", [late]),
        ("/tasks/?when=week", [late]),
        ("/tasks/?state=done", [done]),
        ("/tasks/?state=nonsense&when=x", [late, later, someday]),
        ("/domains/", [soon, renewed]),
        ("/domains/?renewal=manual&when=soon", [soon]),
        ("/domains/?when=overdue", []),
        ("/contracts/", [ending, running]),
        ("/contracts/?when=cancel", [ending]),
        ("/contracts/?when=soon", []),
        ("/projects/", [active]),
        ("/projects/?status=done", [over]),
        ("/projects/?status=all", [active, over]),
        ("/projects/?when=overdue", [active]),
    ):
        assert list(stan.get(address).context["page"].items) == expected, address
