"""`/requests/<id>/add-customer/` and `…/assign/`: permanent assignment of requests to customers."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError
from django.test import Client

from customers.models import Customer
from customers.services.customers import archive_customer, erase_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.models import ContactRequest, RequestMessage, Sender
from requests_inbox.services.contact import submit_request
from requests_inbox.services.requests import (
    CustomerUnavailable,
    add_customer,
    add_note,
    assign_request,
    close_request,
    mark_not_spam,
    mark_spam,
    reopen_request,
    reply,
)
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_erase import dump
from tests.factories.customers import CustomerFactory
from tests.factories.requests import ContactRequestFactory

NEW = {"kind": "company", "company": "Müllerei Größe", "language": "de"}


@pytest.fixture
def request_(cast: Cast) -> ContactRequest:
    return ContactRequestFactory(
        agency=cast.alder, name="Ute von der Größe", company="Müllerei Größe", email="ute@muellerei.example", phone="+49 3581 4410"
    )


class Inputs(dict[str, str]):
    """Inputs of the form with this class, as a browser would submit them."""

    def __init__(self, response: Any, *, of: str) -> None:
        super().__init__()
        self.formactions: list[str] = []
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attrs: self._read(tag, dict(attrs))  # type: ignore[method-assign, arg-type, return-value]
        form = response.content.decode().partition(f'<form class="{of}"')[2].partition("</form>")[0]
        parser.feed(form)

    def _read(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "input":
            self[attributes["name"] or ""] = attributes.get("value") or ""
        elif tag == "button" and attributes.get("formaction"):
            self.formactions.append(attributes["formaction"] or "")


def path(request: ContactRequest, action: str) -> str:
    return f"{request.get_absolute_url()}{action}/"


def filled_form(client: Client, request: ContactRequest) -> dict[str, Any]:
    form = client.get(path(request, "add-customer")).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_the_customer_form_is_prefilled_from_the_request(stan: Client, request_: ContactRequest) -> None:
    form = filled_form(stan, request_)
    expected = {
        "kind": "company",
        "company": "Müllerei Größe",
        "first_name": "Ute von der",
        "last_name": "Größe",
        "email": "ute@muellerei.example",
        "phone": "+49 3581 4410",
        "language": "en",
    }
    assert expected.items() <= form.items()
    assert "We need a new shop." in stan.get(path(request_, "add-customer")).content.decode()


def test_a_sender_without_a_company_is_a_person(stan: Client, cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder, name="Plato", company="")
    form = filled_form(stan, request)
    assert (form["kind"], form["first_name"], form["last_name"]) == ("person", "", "Plato")


def test_add_customer_creates_the_customer_and_assigns_the_request(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    response = stan.post(path(request_, "add-customer"), {**filled_form(stan, request_), "city": "Görlitz"}, follow=True)
    customer = Customer.objects.get()
    request_.refresh_from_db()
    assert (request_.status, request_.customer, customer.city) == ("assigned", customer, "Görlitz")
    page = response.content.decode()
    assert response.redirect_chain == [(customer.get_absolute_url(), 302)]
    assert "We need a new shop." in page
    assert f"Request {request_.reference} assigned to the customer" in page
    actions = AuditEvent.objects.filter(customer_id=customer.pk).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["customer.created", "request.assigned"]

    page = stan.get(request_.get_absolute_url()).content.decode()
    for gone in ("add-customer/", "assign/", "spam/", "close/", "block/"):
        assert path(request_, gone.strip("/")) not in page
    assert "Assigned to customer:" in page


def test_possible_duplicates_are_shown_first_and_can_be_assigned(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    duplicate = CustomerFactory(agency=cast.alder, email="UTE@muellerei.example")
    form = filled_form(stan, request_)
    response = stan.post(path(request_, "add-customer"), form)
    assert [likely.customer for likely in response.context["duplicates"]] == [duplicate]
    assert f'action="{path(request_, "assign")}"' in response.content.decode()
    assert Customer.objects.count() == 1
    assert stan.post(path(request_, "add-customer"), {**form, "add_anyway": "1"}).status_code == 302
    assert Customer.objects.count() == 2


def test_an_invalid_form_changes_nothing(stan: Client, request_: ContactRequest) -> None:
    response = stan.post(path(request_, "add-customer"), {**filled_form(stan, request_), "email": "nobody"})
    assert "valid email" in response.content.decode()
    assert not Customer.objects.exists()
    request_.refresh_from_db()
    assert request_.status == "new"


def test_assign_suggests_likely_customers_first(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    for _ in range(3):
        CustomerFactory(agency=cast.alder)
    mill = CustomerFactory(agency=cast.alder, company="Muellerei Groesse", email="office@elsewhere.example", phone="(03581) 4410")
    choice = stan.get(path(request_, "assign")).context["choice"]
    assert [duplicate.customer for duplicate in choice.likely] == [mill]
    assert stan.get(path(request_, "assign") + "?q=muellerei").context["choice"].found == [mill]
    response = stan.post(path(request_, "assign"), {"customer": mill.pk}, follow=True)
    assert response.redirect_chain == [(mill.get_absolute_url(), 302)]
    request_.refresh_from_db()
    assert (request_.customer, request_.status) == (mill, "assigned")


def test_switching_to_an_existing_customer_and_back_keeps_the_input(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    mill = CustomerFactory(agency=cast.alder, company="Old Mill")
    add_page = stan.get(path(request_, "add-customer")).content.decode()
    assert f'formaction="{path(request_, "assign")}"' in add_page
    assert 'value="Assign to an existing customer"' in add_page
    typed = {**filled_form(stan, request_), "company": "Müllerei <Größe>", "phone": "", "email": "not yet", "notes": "One.\r\nTwo."}
    del typed["form_number"]  # differs between pages

    choosing = stan.post(path(request_, "assign"), {**typed, "switch": "Assign to an existing customer"})
    kept = Inputs(choosing, of="choose-search")
    assert {name: kept[name] for name in ("company", "phone", "email", "notes")} == {
        name: typed[name] for name in ("company", "phone", "email", "notes")
    }
    assert kept.formactions == [path(request_, "add-customer")]

    # The search keeps the input, and the search query is kept too.
    found = stan.post(path(request_, "assign"), {**kept, "q": "old mill"})
    assert found.context["choice"].found == [mill]
    back = stan.post(path(request_, "add-customer"), {**Inputs(found, of="choose-search"), "switch": ""})
    form = back.context["form"]
    assert {name: form[name].value() for name in typed if typed[name]} == {name: value for name, value in typed.items() if value}
    assert not form["phone"].value()
    assert not form.errors
    assert '<input type="hidden" name="q" value="old mill"' in " ".join(back.content.decode().split())
    again = stan.post(path(request_, "assign"), {**typed, "q": "old mill", "switch": "Assign to an existing customer"})
    assert (again.context["choice"].q, again.context["choice"].found) == ("old mill", [mill])

    assert Customer.objects.count() == 1
    request_.refresh_from_db()
    assert (request_.status, request_.customer) == ("new", None)


def test_the_input_survives_an_expired_session_while_switching(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    typed = {**filled_form(stan, request_), "company": "Typed before the session ended", "switch": "1"}
    for action in ("assign", "add-customer"):
        del stan.cookies["sessionid"]
        assert "/accounts/login/" in stan.post(path(request_, action), typed).url
        stan.force_login(cast.stan)
        assert "Typed before the session ended" in stan.get(path(request_, action)).content.decode(), action


def test_customers_of_other_agencies_and_archived_ones_are_rejected(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    theirs, archived = CustomerFactory(agency=cast.birch), CustomerFactory(agency=cast.alder)
    archive_customer(archived, by=cast.alice)
    for key in (theirs.pk, archived.pk, 0, "x", ""):
        assert stan.post(path(request_, "assign"), {"customer": key}).status_code == 404
    with pytest.raises(CustomerUnavailable):
        assign_request(request_, archived, by=cast.stan)
    with pytest.raises(CustomerUnavailable):
        assign_request(request_, theirs, by=cast.stan)


@pytest.mark.parametrize("action", ["add-customer", "assign"])
def test_the_second_member_is_redirected_to_the_customer(stan: Client, cast: Cast, request_: ContactRequest, action: str) -> None:
    customer = add_customer(request_, by=cast.alice, fields=NEW)
    for response in (
        stan.get(path(request_, action), follow=True),
        stan.post(path(request_, action), {**NEW, "customer": customer.pk}, follow=True),
    ):
        assert response.redirect_chain == [(customer.get_absolute_url(), 302)]
        assert "This request already belongs to K-1001 Müllerei Größe" in response.content.decode()
    assert Customer.objects.count() == 1


def test_closed_requests_and_spam_must_be_reopened_first(stan: Client, cast: Cast, request_: ContactRequest) -> None:
    for there, back in ((close_request, reopen_request), (mark_spam, mark_not_spam)):
        there(request_, by=cast.stan)
        assert stan.get(path(request_, "add-customer")).url == request_.get_absolute_url()
        with pytest.raises(InvalidTransition):
            add_customer(request_, by=cast.stan, fields=NEW)
        back(request_, by=cast.stan)
    assert not Customer.objects.exists()


# --- Permanence ----------------------------------------------------------------------------------------------------------


def test_the_database_rejects_changes_of_the_customer(cast: Cast, request_: ContactRequest) -> None:
    customer = add_customer(request_, by=cast.alice, fields=NEW)
    other = CustomerFactory(agency=cast.alder)
    this = ContactRequest.objects.filter(pk=request_.pk)
    says = f"Contact request {request_.pk} permanently belongs to customer {customer.pk}."
    for change in ({"customer": other}, {"customer": None}, {"customer": None, "status": "open"}, {"customer": other, "status": "closed"}):
        with pytest.raises(IntegrityError, match=says), transaction.atomic():
            this.update(**change)
    with pytest.raises(IntegrityError, match="contact_request_assigned_has_its_customer"), transaction.atomic():
        this.update(status="open")
    with pytest.raises(IntegrityError, match="is not deleted"), transaction.atomic():
        this.delete()
    with pytest.raises(RestrictedError), transaction.atomic():
        customer.delete()
    # Other fields can change.
    assert this.update(assignee=cast.stan, customer=customer) == 1


def test_the_database_rejects_another_agencys_customer(cast: Cast, request_: ContactRequest) -> None:
    theirs = CustomerFactory(agency=cast.birch)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="contact_request_customer_same_agency"), transaction.atomic():
        ContactRequest.objects.filter(pk=request_.pk).update(customer=theirs, status="assigned")


def test_erasing_the_customer_empties_the_request(alice: Client, cast: Cast) -> None:
    request = submit_request(
        cast.alder,
        submission="1",
        name="Undine Zwetschge",
        company="Quittenhof",
        email="undine@quittenhof.example",
        phone="+49 99123 77",
        message="Our plums want a website.",
        consented_at="2026-01-01T00:00Z",
    )
    mark_spam(request, by=cast.alice)
    mark_not_spam(request, by=cast.alice)
    reply(request, text="Dear Undine", by=cast.alice, seen=None)
    add_note(request, text="Undine likes plums", by=cast.alice)
    customer = add_customer(request, by=cast.alice, fields={**NEW, "company": "Quittenhof", "email": "undine@quittenhof.example"})
    traces = ("Undine", "Zwetschge", "Quittenhof", "quittenhof", "plums", "99123")
    before = dump()
    assert [trace for trace in traces if trace in before] == list(traces)

    assert "the content of 1 request, including its e-mails" in alice.get(f"{customer.get_absolute_url()}erase/").content.decode()
    assert erase_customer(customer, by=cast.alice)
    after = dump()
    assert [trace for trace in traces if trace in after] == []
    request.refresh_from_db()
    assert (request.status, request.customer_id) == ("assigned", customer.pk)
    assert not RequestMessage.objects.exists()
    assert not Sender.objects.exists()
    assert not OutgoingMail.objects.exists()
    for where in (request.get_absolute_url(), "/requests/?state=assigned", "/dashboard/"):
        assert alice.get(where).status_code == 200
    assert "belonged to a customer who was erased" in alice.get(request.get_absolute_url()).content.decode()
    for action in ("reply", "note"):
        assert "Nothing was changed" in alice.post(path(request, action), {"text": "Hello?"}).content.decode()


def test_erasing_the_customer_empties_every_text_field(cast: Cast) -> None:
    """New text fields must be filled here, and are either emptied or added to the last line."""
    request = ContactRequestFactory(agency=cast.alder, phone="+49 3581 4410")
    customer = add_customer(request, by=cast.alice, fields=NEW)
    request.refresh_from_db()
    names = [field.attname for field in ContactRequest._meta.concrete_fields]
    texts = [name for name in names if isinstance(getattr(request, name), str)]
    assert [name for name in texts if not getattr(request, name).strip()] == []

    assert erase_customer(customer, by=cast.alice)
    request.refresh_from_db()
    assert {name for name in texts if getattr(request, name).strip()} == {"language", "submission", "status"}


# --- Concurrency ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_concurrent_add_customer_creates_one_customer(cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)

    def add(n: int) -> Any:
        client = Client()
        client.force_login([cast.alice, cast.stan][n % 2])
        return client.post(path(request, "add-customer"), {**NEW, "add_anyway": "1"}).url

    addresses = at_once(4, add)
    customer = Customer.objects.get()
    assert set(addresses) == {customer.get_absolute_url()}
    assert AuditEvent.objects.filter(action="request.assigned").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_two_concurrent_assignments_succeeds(cast: Cast) -> None:
    request = ContactRequestFactory(agency=cast.alder)
    customers = [CustomerFactory(agency=cast.alder) for _ in range(2)]
    results = at_once(2, lambda n: assign_request(request, customers[n], by=cast.alice))
    request.refresh_from_db()
    winner = results.index(None)
    loser = results[1 - winner]
    assert request.customer == customers[winner]
    assert isinstance(loser, InvalidTransition)
    assert loser.item.customer == customers[winner]


@pytest.mark.django_db(transaction=True)
def test_one_of_concurrent_close_and_assign_succeeds(cast: Cast) -> None:
    request, customer = ContactRequestFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    actions = [lambda: assign_request(request, customer, by=cast.alice), lambda: close_request(request, by=cast.stan)]
    results = at_once(2, lambda n: actions[n]())
    request.refresh_from_db()
    winner = results.index(None)
    assert isinstance(results[1 - winner], InvalidTransition)
    assert (request.status, request.customer) == [("assigned", customer), ("closed", None)][winner]


@pytest.mark.django_db(transaction=True)
def test_concurrent_erase_and_assign_leave_no_personal_data(cast: Cast) -> None:
    request, customer = ContactRequestFactory(agency=cast.alder), CustomerFactory(agency=cast.alder)
    actions = [lambda: assign_request(request, customer, by=cast.alice), lambda: erase_customer(customer, by=cast.alice)]
    assigned, erased = at_once(2, lambda n: actions[n]())
    request.refresh_from_db()
    assert erased is True
    if assigned is None:
        assert (request.customer, request.message) == (customer, "")
    else:
        assert isinstance(assigned, CustomerUnavailable)
        assert (request.customer, request.status) == (None, "new")


@pytest.mark.django_db(transaction=True)
def test_concurrent_erase_reply_and_note_leave_no_personal_data(cast: Cast) -> None:
    for _ in range(10):
        customer = CustomerFactory(agency=cast.alder)
        request = ContactRequestFactory(agency=cast.alder)
        assign_request(request, customer, by=cast.stan)
        actions = [
            lambda customer=customer: erase_customer(customer, by=cast.alice),
            *[lambda request=request, n=n: reply(request, text=f"Reply {n}", by=cast.stan, seen=None) for n in range(3)],
            *[lambda request=request, n=n: add_note(request, text=f"Note {n}", by=cast.stan) for n in range(3)],
        ]
        erased, *written = at_once(len(actions), lambda n, actions=actions: actions[n]())
        assert erased is True
        assert all(isinstance(result, RequestMessage | InvalidTransition) for result in written)
        assert not request.messages.exists()
        assert not OutgoingMail.objects.filter(customer_id=customer.pk).exists()
