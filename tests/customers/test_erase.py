"""Archiving and erasing customers."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, TextField
from django.test import Client
from django.utils import timezone
from psycopg import sql

from customers.models import Customer
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews.models import RatingSummary, Review, ReviewRequest
from reviews.services.reports import dismiss_report
from reviews.services.reviews import report_review, save_reply_draft
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_add import FIELDS
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory

#: Texts that only occur in the customer's personal data, too long to occur in digests, times or keys by chance.
TRACES = (
    "Müllerei", "mullerei", "Größe", "grosse", "Ute", "ute@muellerei", "muellerei.example", "+49 3581 4410", "35814410",
    "Mühlweg", "PL 02826", "Görlitz", "gorlitz", "Mondays", "Zwetschge", "zwetschge.example",
)  # fmt: skip


@pytest.fixture
def mill(cast: Cast, alice: Client) -> Customer:
    """A customer with items, e-mails, a published review, an open link and a conflicting edit."""
    fields = {**FIELDS, "zip": "PL 02826"}
    alice.post("/customers/add/", fields)
    customer = Customer.objects.get()
    rated = ProjectFactory(customer=customer, title="Relaunch", description="For Zwetschge")
    asked = ReviewRequestFactory(customer=customer, project=rated, greeting="Dear Zwetschge", closing="Bye, Zwetschge")
    review = ReviewFactory(review_request=asked, author="Ute Größe", text="Good work.")
    report = report_review(review, reason="other", details="Zwetschge is a dog.", by=cast.alice)
    dismiss_report(report, reason="Zwetschge may be one.", by=cast.ada)
    save_reply_draft(review, text="Thank you, Zwetschge.", loaded="", by=cast.alice)
    ProjectFactory(customer=customer, title="Zwetschge shop")
    TaskFactory(customer=customer, title="Call Zwetschge")
    DomainFactory(customer=customer, name="zwetschge.example")
    ContractFactory(customer=customer, product="Zwetschge care")
    NoteFactory(customer=customer, text="Zwetschge is the dog.")
    alice.post("/company/reviews/request/", {"customer": customer.pk, "subject": "company", "send": ""})
    # Sent e-mails are kept, while pending ones are deleted with their link.
    OutgoingMail.objects.update(status="sent", sent_at=timezone.now())
    alice.post(f"/customers/{customer.pk}/edit/", {**fields, "city": "Görlitz-Nord", "version": customer.version})
    return customer


def dump() -> str:
    """Return all rows of all tables as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(sql.Identifier(table)))
            rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def erase(client: Client, customer: Customer, number: str = "K-1001"):
    return client.post(f"/customers/{customer.pk}/erase/", {"number": number})


def test_archived_customers_leave_the_list_until_restored(stan: Client, mill: Customer) -> None:
    stan.post(f"/customers/{mill.pk}/archive/")
    assert stan.get("/customers/").context["page"].items == []
    assert [row.pk for row in stan.get("/customers/?status=archived").context["page"].items] == [mill.pk]
    assert "Good work." in stan.get(mill.get_absolute_url()).content.decode()
    stan.post(f"/customers/{mill.pk}/archive/")
    stan.post(f"/customers/{mill.pk}/restore/")
    assert len(stan.get("/customers/").context["page"].items) == 1
    assert list(AuditEvent.objects.filter(action__in=["customer.archived", "customer.restored"]).values_list("action", flat=True)) == [
        "customer.restored",
        "customer.archived",
    ]


def test_erase_page_counts_deleted_and_remaining_rows(alice: Client, mill: Customer) -> None:
    response = alice.get(f"/customers/{mill.pk}/erase/")
    expected = {"projects": 1, "tasks": 1, "domains": 1, "contracts": 1, "notes": 1, "access": 0, "open_requests": 1, "reviews": 1}
    assert response.context["counts"] == {**expected, "contact_requests": 0, "contacts": 0}
    assert "Former customer" in response.content.decode()


@pytest.mark.parametrize("number", ["", "K-1002", "1002", "yes", "K-", "\x00"])
def test_erasure_requires_the_customers_number(alice: Client, mill: Customer, number: str) -> None:
    response = erase(alice, mill, number)
    assert (response.status_code, response.context["wrong"]) == (200, True)
    mill.refresh_from_db()
    assert mill.company


def test_erasure_removes_personal_data_from_all_tables(alice: Client, mill: Customer) -> None:
    before = dump()
    assert [trace for trace in TRACES if trace in before] == list(TRACES)
    assert erase(alice, mill).status_code == 302
    after = dump()
    assert [trace for trace in TRACES if trace in after] == []


def test_erasure_empties_all_text_fields_except_named_ones(cast: Cast) -> None:
    fields = [field.name for field in Customer._meta.concrete_fields if isinstance(field, CharField | TextField)]
    customer = CustomerFactory(agency=cast.alder)
    Customer.objects.update(**{name: "x" for name in fields if name not in {"kind", "status"}})
    erase_customer(customer, by=cast.alice)
    erased = Customer.objects.values(*fields).get()
    assert {name for name, value in erased.items() if value} == {"kind", "language", "status", "search_text"}
    assert erased["search_text"].strip() == "k-1001"


def test_published_review_becomes_anonymous_and_open_links_end(alice: Client, mill: Customer) -> None:
    link = ReviewRequest.objects.get(status="open").link
    erase(alice, mill, "1001")
    page = Client().get("/partners/alder/").content.decode()
    assert "Good work." in page
    assert "Former customer" in page
    assert Client().get("/r/" + link.split("/r/")[1]).status_code == 404
    assert AuditEvent.objects.filter(action="review_request.withdrawn").count() == 1
    assert RatingSummary.objects.get().figures() == RatingSummary.recalculated(mill.agency).figures()
    assert Review.objects.count() == 1
    assert AuditEvent.objects.filter(action="customer.erased", object_label="K-1001").exists()


def test_erased_customer_has_no_pages_and_is_not_listed(alice: Client, mill: Customer, cast: Cast) -> None:
    Customer.objects.update(responsible=cast.stan)
    erase(alice, mill)
    assert Customer.objects.get().responsible is None
    for address in ("", "edit/", "erase/", "tasks/add/"):
        assert alice.get(f"{mill.get_absolute_url()}{address}").status_code == 404
    for query in ("", "?status=all", "?q=K-1001"):
        assert alice.get(f"/customers/{query}").context["page"].items == []
    for address in ("/dashboard/", "/company/reviews/", "/company/reviews/request/", "/projects/?status=all", "/search/?q=relaunch"):
        assert alice.get(address).status_code == 200


def test_number_of_an_erased_customer_is_not_reused(alice: Client, mill: Customer) -> None:
    erase(alice, mill)
    alice.post("/customers/add/", FIELDS)
    assert Customer.objects.get(status="active").reference == "K-1002"


def test_database_rejects_personal_data_of_erased_customers(alice: Client, mill: Customer) -> None:
    erase(alice, mill)
    with pytest.raises(IntegrityError, match="customer_erased_has_nothing_personal"), transaction.atomic():
        Customer.objects.update(email="back@again.example")


@pytest.mark.django_db(transaction=True)
def test_concurrent_erasures_only_one_succeeds(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    results = at_once(2, lambda _n: erase_customer(Customer.objects.get(pk=customer.pk), by=cast.alice))
    assert sorted(results) == [False, True]
    assert AuditEvent.objects.filter(action="customer.erased").count() == 1
