"""Merging of two customers: what moves, what stays, and where it is shown."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import ForeignKey
from django.test import Client
from zeal import zeal_ignore

from customers.merging.relations import MERGED, RELATIONS
from customers.merging.services import MergeConflict, merge_customers
from customers.merging.undo import undo_merge
from customers.models import Customer, MergeLog
from customers.services.customers import erase_customer
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from requests_inbox.services.requests import assign_request
from reviews.models import ReviewRequest
from tests.cast import Cast
from tests.customers.test_erase import dump
from tests.factories.customers import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    CustomerTagFactory,
    CustomFieldFactory,
    DomainFactory,
    NoteFactory,
    ProjectFactory,
    TagFactory,
    TaskFactory,
)
from tests.factories.files import SharedFileFactory, TextApprovalFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory


@pytest.fixture
def first(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, company="Müllerei Größe GmbH", email="ute@mehl.example", phone="", city="Görlitz")


@pytest.fixture
def second(cast: Cast) -> Customer:
    return CustomerFactory(
        agency=cast.alder, company="Zwetschge & Co", first_name="Udo", email="udo@mehl.example", phone="+49 3581 4410", city="Görlitz"
    )


def merge(cast: Cast, first: Customer, second: Customer, **values: Any) -> MergeLog:
    first.refresh_from_db()
    second.refresh_from_db()
    return merge_customers(first, second, values=values, by=cast.max)


def merge_page(first: Customer, second: Customer) -> str:
    return f"/customers/{first.pk}/merge/?with={second.pk}"


def answers(client: Client, first: Customer, second: Customer, **choices: str) -> dict[str, Any]:
    """Return what the form of the page submits."""
    form = client.get(merge_page(first, second)).context["form"]
    return {name: form[name].value() for name in form.fields} | choices


def test_every_relation_to_customers_moves_or_is_listed_as_staying() -> None:
    known = {relation.key for relation in [MERGED, *RELATIONS]}
    keys = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        if not model._meta.proxy
        for field in model._meta.fields
        if isinstance(field, ForeignKey) and field.related_model is Customer
    }
    assert keys == known


def test_open_work_moves(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    project, shared = ProjectFactory(customer=second), SharedFileFactory(customer=second)
    version = shared.versions.get()
    rows = [
        project,
        TaskFactory(customer=second, project=project),
        TaskFactory(customer=second),
        DomainFactory(customer=second),
        ContractFactory(customer=second),
        NoteFactory(customer=second),
        ReviewRequestFactory(customer=second),
        ReviewRequestFactory(customer=second, project=project),
        ConnectedFactory(agency=cast.alder, customer=second, client=cast.kim),
        AccessRequestFactory(customer=second),
        shared,
        TextApprovalFactory(customer=second),
        TextApprovalFactory(customer=second, text="", area="", file=shared, version=version, sha256=version.sha256),
    ]
    response = max_.post(merge_page(first, second), answers(max_, first, second))
    assert response["Location"] == first.get_absolute_url()
    for row in rows:
        row.refresh_from_db()
        assert row.customer == first, row
    page = max_.get(first.get_absolute_url()).content.decode()
    assert "K-1002 Zwetschge &amp; Co has been merged into K-1001" in page
    assert "Undo" in page
    assert f"from {second.reference}" not in page


def test_what_is_permanent_stays_and_is_shown_with_the_first(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    rated, other = ProjectFactory(customer=second, title="Relaunch"), ProjectFactory(customer=second, title="Shop")
    task = TaskFactory(customer=second, project=rated, title="Polish it")
    review = ReviewFactory(review_request__customer=second, review_request__project=rated, text="Good work.")
    asked_again = ReviewRequestFactory(customer=second, project=rated)
    contact = ContactRequestFactory(agency=cast.alder, message="Please call me back")
    assign_request(contact, customer=second, by=cast.stan)
    ended = ConnectedFactory(agency=cast.alder, customer=second, client=cast.kim, status="connected", name="Kim")
    type(ended).objects.filter(pk=ended.pk).update(status="revoked", ended_at=ended.created_at)
    page = max_.get(merge_page(first, second)).content.decode()
    assert page.index("1 project") < page.index("Stays with K-1002") < page.rindex("1 project")
    merge(cast, first, second)
    for row in (rated, task, review.request, asked_again, contact, ended):
        row.refresh_from_db()
        assert row.customer == second, row
    other.refresh_from_db()
    assert other.customer == first
    page = max_.get(first.get_absolute_url()).content.decode()
    for text in ("Relaunch", "Polish it", "Good work.", "Please call me back", "Previously given by Kim"):
        assert text in page
    assert page.count("from K-1002") == 6
    assert "Shop" in page


def test_second_leaves_lists_and_pickers(max_: Client, stan: Client, cast: Cast, first: Customer, second: Customer) -> None:
    merge(cast, first, second)
    for query in ("", "?status=all", "?q=zwetschge", "?q=K-1002", "?q=udo@mehl.example"):
        page = stan.get(f"/customers/{query}").context["page"]
        assert [customer.pk for customer in page.items] == [first.pk], query
    assert second.get_absolute_url() not in stan.get("/tasks/add/").content.decode()
    assert b"K-1002" not in b"".join(max_.post("/customers/export/").streaming_content)
    fields = {"kind": "company", "company": "Another", "email": second.email, "language": "en"}
    assert [candidate.customer for candidate in stan.post("/customers/add/", fields).context["duplicates"]] == [first]
    assert stan.get(f"/customers/{second.pk}/edit/").status_code == 404
    assert stan.post("/task/", {}).status_code == 404
    assert stan.get("/search/?q=K-1002").content.decode().count(first.get_absolute_url()) == 1


def test_number_and_page_lead_to_the_first(stan: Client, charlie: Client, cast: Cast, first: Customer, second: Customer) -> None:
    merge(cast, first, second)
    response = stan.get(second.get_absolute_url())
    assert (response.status_code, response["Location"]) == (302, first.get_absolute_url())
    assert charlie.get(second.get_absolute_url()).status_code == 404


def test_chosen_values_replace_those_of_the_first(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    Customer.objects.filter(pk=first.pk).update(notes="One")
    Customer.objects.filter(pk=second.pk).update(notes="Two", responsible=cast.stan)
    form = max_.get(merge_page(first, second)).context["form"]
    assert {name: form[name].value() for name in form.fields if not name.endswith("version")} == {
        "company": "first", "first_name": "first", "email": "first", "phone": "second", "responsible": "second", "notes": "both",
    }  # fmt: skip
    max_.post(merge_page(first, second), answers(max_, first, second, email="second"))
    first.refresh_from_db()
    assert (first.company, first.email, first.phone, first.notes) == (
        "Müllerei Größe GmbH", "udo@mehl.example", "+49 3581 4410", "One\n\nTwo",
    )  # fmt: skip
    assert first.responsible == cast.stan


def test_result_needs_its_name(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    Customer.objects.filter(pk=second.pk).update(kind="person", company="")
    response = max_.post(merge_page(first, second), answers(max_, first, second, kind="first", company="second"))
    assert "A company needs a company name." in response.content.decode()
    assert not MergeLog.objects.exists()


def test_events_of_both_are_one_history(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    log = merge(cast, first, second)
    page = max_.get(first.get_absolute_url()).content.decode()
    assert page.count("K-1002 merged into K-1001") == 1
    assert "Customer K-1002 created" in page
    events = AuditEvent.objects.filter(action="customer.merged")
    assert {event.customer_id for event in events} == {first.pk, second.pk}
    assert "K-1002 merged into K-1001" in max_.get(f"/customers/merges/{log.pk}/").content.decode()


def test_chain_shows_all(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    third = CustomerFactory(agency=cast.alder, company="Third")
    ReviewFactory(review_request__customer=second, text="From the second.")
    ReviewFactory(review_request__customer=first, text="From the first.")
    merge(cast, first, second)
    merge(cast, third, first)
    page = max_.get(third.get_absolute_url()).content.decode()
    assert "From the second." in page
    assert "From the first." in page
    assert "from K-1001" in page
    assert "from K-1002" in page
    for customer in (first, second):
        assert max_.get(customer.get_absolute_url())["Location"] == third.get_absolute_url()
    assert [row.pk for row in max_.get("/customers/?q=zwetschge").context["page"].items] == [third.pk]


@pytest.mark.parametrize("older", ["first", "second"])
def test_older_of_two_open_links_stays_and_the_newer_leads_to_it(cast: Cast, first: Customer, second: Customer, older: str) -> None:
    customers = [first, second] if older == "first" else [second, first]
    kept, joined = (ReviewRequestFactory(customer=customer) for customer in customers)
    mails = OutgoingMail.objects.count()
    merge(cast, first, second)
    assert OutgoingMail.objects.count() == mails
    kept.refresh_from_db()
    joined.refresh_from_db()
    assert (kept.status, kept.customer, joined.status) == ("open", first, "withdrawn")
    response = Client().get("/r/" + joined.link.split("/r/")[1])
    assert response["Location"].startswith(kept.link)
    assert Client().get("/r/" + kept.link.split("/r/")[1]).status_code == 200


def test_personal_links_of_the_second_keep_working(cast: Cast, first: Customer, second: Customer) -> None:
    link = ReviewRequestFactory(customer=second).link
    merge(cast, first, second)
    path = "/r/" + link.split("/r/")[1]
    client = Client()
    assert client.get(path).status_code == 200
    client.post(path, {"cooperation": 5, "quality": 5, "schedule": 5, "budget": 5, "text": "Fine.", "author": "Udo"})
    assert ReviewRequest.objects.get().status == "answered"
    assert ReviewRequest.objects.get().customer == first


def test_erasing_the_first_erases_both(alice: Client, cast: Cast, first: Customer, second: Customer) -> None:
    ReviewFactory(review_request__customer=second, author="Udo Zwetschge")
    TaskFactory(customer=second, title="Zwetschge")
    merge(cast, first, second, email="zwetschge@mehl.example")
    page = alice.get(f"/customers/{first.pk}/erase/").content.decode()
    assert "K-1002 Zwetschge" in page
    assert "1 published review" in page
    assert alice.get(f"/customers/{second.pk}/erase/").status_code == 404
    with zeal_ignore():  # The apps erase their data of one customer after the other.
        alice.post(f"/customers/{first.pk}/erase/", {"number": "K-1001"})
    assert "zwetschge" not in dump().lower()
    assert set(Customer.objects.values_list("status", "merged_into")) == {("erased", None)}
    assert AuditEvent.objects.filter(action="customer.erased").count() == 2


def test_conflicts_are_explained(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    submitted = answers(max_, first, second)
    Customer.objects.filter(pk=second.pk).update(version=7)
    response = max_.post(merge_page(first, second), submitted, follow=True)
    assert "K-1002 has since been changed. Compare the customers again." in response.content.decode()
    assert not MergeLog.objects.exists()
    third = CustomerFactory(agency=cast.alder)
    second.refresh_from_db()
    merge(cast, third, second)
    with pytest.raises(MergeConflict, match="K-1002 has since been merged into K-1003"):
        merge(cast, first, second)
    erase_customer(third, by=cast.alice)
    with pytest.raises(MergeConflict, match="K-1003 has since been erased"):
        merge(cast, first, third)


def test_second_click_and_second_tab_lead_to_the_merged_customer(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    submitted = answers(max_, first, second)
    max_.post(merge_page(first, second), submitted)
    for response in (
        max_.post(merge_page(first, second), submitted, follow=True),
        max_.get(merge_page(first, second), follow=True),
        max_.get(merge_page(second, first), follow=True),
    ):
        assert response.redirect_chain == [(first.get_absolute_url(), 302)]
        assert "K-1002 has since been merged into K-1001." in response.content.decode()
    assert MergeLog.objects.count() == 1


def test_database_rejects_cycles_and_merged_targets(cast: Cast, first: Customer, second: Customer) -> None:
    third, fourth = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.birch)
    merge(cast, first, second)

    def refused(customer: Customer, into: Customer) -> bool:
        try:
            with transaction.atomic():
                Customer.objects.filter(pk=customer.pk).update(status="merged", merged_into=into)
        except IntegrityError:
            return True
        return False

    assert refused(first, second)
    assert refused(third, second)
    assert refused(third, third)
    assert refused(first, third), "customers with merged ones don't become merged"
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=first.pk).update(status="erased", **dict.fromkeys(("company", "first_name", "last_name", "email"), ""))
    with pytest.raises(IntegrityError), transaction.atomic():
        _merge_directly(third, fourth)


def _merge_directly(customer: Customer, into: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(status="merged", merged_into=into)
    transaction.get_connection().check_constraints()


def test_strangers_customers_cannot_be_merged(max_: Client, cast: Cast, first: Customer) -> None:
    stranger = CustomerFactory(agency=cast.birch)
    assert max_.get(merge_page(first, stranger)).status_code == 404
    assert max_.post(merge_page(first, stranger), {}).status_code == 404
    for other in (first.pk, "x", "9" * 30, "²"):
        assert max_.get(f"/customers/{first.pk}/merge/?with={other}").status_code == 404


def test_other_customer_can_be_searched(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    Customer.objects.filter(pk=second.pk).update(email=first.email)
    page = max_.get(f"/customers/{first.pk}/merge/")
    assert [candidate.customer for candidate in page.context["choice"].likely] == [second]
    response = max_.post(f"/customers/{first.pk}/merge/", {"customer": second.pk})
    assert response["Location"] == merge_page(first, second)


def test_people_and_tags_of_both_are_united(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    shared, own = TagFactory(agency=cast.alder, name="VIP"), TagFactory(agency=cast.alder, name="Shop")
    for customer, tag in ((first, shared), (second, shared), (second, own)):
        CustomerTagFactory(customer=customer, tag=tag)
    known, olga = (ContactFactory(customer=second, email=email) for email in ("UTE@mehl.example", "olga@mehl.example"))
    asked = ReviewRequestFactory(customer=second, contact=olga)
    to_primary = ReviewRequestFactory(customer=second, project=ProjectFactory(customer=second))
    page = max_.get(merge_page(first, second)).content.decode()
    assert "2 contacts" in page
    assert "1 tag<" in page
    log = merge(cast, first, second)
    assert set(first.tags.all()) == {shared, own}
    assert {contact.email for contact in first.contacts.all()} == {"ute@mehl.example", "udo@mehl.example", "olga@mehl.example"}
    for request, address in ((asked, "olga@mehl.example"), (to_primary, "udo@mehl.example")):
        request.refresh_from_db()
        assert (request.customer, request.recipient.email) == (first, address)
    page = max_.get(first.get_absolute_url()).content.decode()
    assert page.count("olga@mehl.example") == max_.get(first.get_absolute_url()).content.decode().count("udo@mehl.example")
    assert known.email not in page
    undo_merge(log, by=cast.max)
    assert list(first.tags.all()) == [shared]
    assert [contact.email for contact in first.contacts.all()] == ["ute@mehl.example"]
    for request, contact in ((asked, olga), (to_primary, None)):
        request.refresh_from_db()
        assert (request.customer, request.contact) == (second, contact)


def test_custom_fields_are_compared(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    one, two, three = (CustomFieldFactory(agency=cast.alder, name=name) for name in ("Colour", "Size", "Same"))
    Customer.objects.filter(pk=first.pk).update(custom_values={one.key: "red", three.key: "x"})
    Customer.objects.filter(pk=second.pk).update(custom_values={one.key: "blue", two.key: "L", three.key: "x"})
    page = max_.get(merge_page(first, second)).content.decode()
    assert "Colour" in page
    max_.post(merge_page(first, second), answers(max_, first, second))
    first.refresh_from_db()
    assert first.custom_values == {one.key: "red", two.key: "L", three.key: "x"}
    log = MergeLog.objects.get()
    assert "Custom fields" in max_.get(f"/customers/merges/{log.pk}/").content.decode()
    undo_merge(log, by=cast.max)
    first.refresh_from_db()
    assert first.custom_values == {one.key: "red", three.key: "x"}


def test_warning_of_the_form_leads_to_the_comparison(max_: Client, stan: Client, cast: Cast, first: Customer, second: Customer) -> None:
    Customer.objects.filter(pk=second.pk).update(email=first.email)
    fields = {"kind": "company", "company": "Another", "email": first.email, "language": "en"}
    assert f'href="{merge_page(second, first)}"' in max_.post("/customers/add/", fields).content.decode()
    assert "/merge/" not in stan.post("/customers/add/", fields).content.decode()


def test_counts_lead_to_their_place_on_the_customer_page(max_: Client, cast: Cast, first: Customer, second: Customer) -> None:
    for factory in (TaskFactory, ProjectFactory, DomainFactory, ContractFactory, NoteFactory, CustomerTagFactory, ReviewRequestFactory):
        factory(customer=second)
    assign_request(ContactRequestFactory(agency=cast.alder), customer=second, by=cast.stan)
    ConnectedFactory(agency=cast.alder, customer=second, client=cast.kim)
    plan = max_.get(merge_page(first, second)).context["plan"]
    page = max_.get(second.get_absolute_url()).content.decode()
    anchors = {row.anchor for row in [*plan.moving, *plan.staying]}
    assert len(anchors) == 10
    assert [anchor for anchor in anchors if f'id="{anchor}"' not in page] == []
