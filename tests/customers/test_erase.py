"""Archive is the ordinary end; erase leaves no personal datum in any table."""

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
from reviews.services.reviews import report_review
from tests.cast import Cast
from tests.concurrency import at_once
from tests.customers.test_add import FIELDS
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, NoteFactory, ProjectFactory, TaskFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory

#: Occur in the personal data of the customer below, and nowhere else. Long enough that no digest, clock or key holds one by chance.
TRACES = (
    "Müllerei", "mullerei", "Größe", "grosse", "Ute", "ute@muellerei", "muellerei.example", "+49 3581 4410", "35814410",
    "Mühlweg", "PL 02826", "Görlitz", "gorlitz", "Mondays", "Zwetschge", "zwetschge.example",
)  # fmt: skip


@pytest.fixture
def mill(cast: Cast, alice: Client) -> Customer:
    """A customer with everything: mails, a published review, an open link, a rejected form in a session."""
    fields = {**FIELDS, "zip": "PL 02826"}
    alice.post("/customers/add/", fields)
    customer = Customer.objects.get()
    rated = ProjectFactory(customer=customer, title="Relaunch", description="For Zwetschge")
    asked = ReviewRequestFactory(customer=customer, project=rated, greeting="Dear Zwetschge", closing="Bye, Zwetschge")
    review = ReviewFactory(review_request=asked, author="Ute Größe", text="Good work.")
    report = report_review(review, reason="other", details="Zwetschge is a dog.", by=cast.alice)
    dismiss_report(report, reason="Zwetschge may be one.", by=cast.ada)
    ProjectFactory(customer=customer, title="Zwetschge shop")
    TaskFactory(customer=customer, title="Call Zwetschge")
    DomainFactory(customer=customer, name="zwetschge.example")
    ContractFactory(customer=customer, product="Zwetschge care")
    NoteFactory(customer=customer, text="Zwetschge is the dog.")
    alice.post("/company/reviews/request/", {"customer": customer.pk, "subject": "company", "send": ""})
    # What waits goes with its link; what was sent is kept until now.
    OutgoingMail.objects.update(status="sent", sent_at=timezone.now())
    alice.post(f"/customers/{customer.pk}/edit/", {**fields, "city": "Görlitz-Nord", "version": customer.version})
    return customer


def dump() -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(sql.Identifier(table)))
            rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def erase(client: Client, customer: Customer, number: str = "K-1001"):
    return client.post(f"/customers/{customer.pk}/erase/", {"number": number})


def test_archived_customers_leave_the_list_and_come_back(stan: Client, mill: Customer) -> None:
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


def test_erasing_names_what_goes_and_what_stays(alice: Client, mill: Customer) -> None:
    response = alice.get(f"/customers/{mill.pk}/erase/")
    expected = {"projects": 1, "tasks": 1, "domains": 1, "contracts": 1, "notes": 1, "access": 0, "open_requests": 1, "reviews": 1}
    assert response.context["counts"] == {**expected, "contact_requests": 0}
    assert "Former customer" in response.content.decode()


@pytest.mark.parametrize("number", ["", "K-1002", "1002", "yes", "K-", "\x00"])
def test_without_the_right_number_nothing_goes(alice: Client, mill: Customer, number: str) -> None:
    response = erase(alice, mill, number)
    assert (response.status_code, response.context["wrong"]) == (200, True)
    mill.refresh_from_db()
    assert mill.company


def test_no_personal_datum_is_left_in_any_table(alice: Client, mill: Customer) -> None:
    before = dump()
    assert [trace for trace in TRACES if trace in before] == list(TRACES)
    assert erase(alice, mill).status_code == 302
    after = dump()
    assert [trace for trace in TRACES if trace in after] == []


def test_every_text_field_without_a_stated_exception_is_emptied(cast: Cast) -> None:
    fields = [field.name for field in Customer._meta.concrete_fields if isinstance(field, CharField | TextField)]
    customer = CustomerFactory(agency=cast.alder)
    Customer.objects.update(**{name: "x" for name in fields if name not in {"kind", "status"}})
    erase_customer(customer, by=cast.alice)
    erased = Customer.objects.values(*fields).get()
    assert {name for name, value in erased.items() if value} == {"kind", "language", "status", "search_text"}
    assert erased["search_text"].strip() == "k-1001"


def test_the_review_stays_without_a_name_and_open_links_close(alice: Client, mill: Customer) -> None:
    link = ReviewRequest.objects.get(status="open").link
    erase(alice, mill, "1001")
    page = Client().get("/partners/alder/").content.decode()
    assert "Good work." in page
    assert "Former customer" in page
    assert Client().get("/r/" + link.split("/r/")[1]).status_code == 404
    assert AuditEvent.objects.filter(action="review_request.withdrawn").count() == 1
    assert RatingSummary.objects.get().figures() == RatingSummary.counted_afresh(mill.agency).figures()
    assert Review.objects.count() == 1
    assert AuditEvent.objects.filter(action="customer.erased", object_label="K-1001").exists()


def test_an_erased_customer_is_nobody_any_more(alice: Client, mill: Customer, cast: Cast) -> None:
    Customer.objects.update(responsible=cast.stan)
    erase(alice, mill)
    assert Customer.objects.get().responsible is None
    for address in ("", "edit/", "erase/", "tasks/add/"):
        assert alice.get(f"{mill.get_absolute_url()}{address}").status_code == 404
    for query in ("", "?status=all", "?q=K-1001"):
        assert alice.get(f"/customers/{query}").context["page"].items == []
    for address in ("/dashboard/", "/company/reviews/", "/company/reviews/request/", "/projects/?status=all", "/search/?q=relaunch"):
        assert alice.get(address).status_code == 200


def test_its_number_is_not_given_again(alice: Client, mill: Customer) -> None:
    erase(alice, mill)
    alice.post("/customers/add/", FIELDS)
    assert Customer.objects.get(status="active").reference == "K-1002"


def test_the_database_keeps_nothing_personal_on_an_erased_customer(alice: Client, mill: Customer) -> None:
    erase(alice, mill)
    with pytest.raises(IntegrityError, match="customer_erased_has_nothing_personal"), transaction.atomic():
        Customer.objects.update(email="back@again.example")


@pytest.mark.django_db(transaction=True)
def test_two_owners_erasing_at_once_erase_once(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    results = at_once(2, lambda _n: erase_customer(Customer.objects.get(pk=customer.pk), by=cast.alice))
    assert sorted(results) == [False, True]
    assert AuditEvent.objects.filter(action="customer.erased").count() == 1
