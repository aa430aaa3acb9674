"""Recording of audit events in the transaction of the change."""

from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from django.test import Client

from customers.models import Customer, Project
from customers.services.customers import create_customer
from customers.services.items import add_item
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.reviews import ReviewRequestFactory, same_rating

#: Form data of a customer.
FORM = {"kind": "company", "company": "Bäckerei Brandt", "country": "DE", "language": "de"}


def test_event_records_user_action_object_and_time(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, by=cast.alice)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id, event.actor_label) == ("customer.created", cast.alice.pk, "Alice Alder")
    assert (event.object_type, event.object_id, event.object_label) == ("customers.customer", customer.pk, "K-1001")
    assert (event.agency, event.customer_id, event.created_at.date()) == (cast.alder, customer.pk, customer.created_at.date())


@pytest.mark.django_db(transaction=True)
def test_recording_requires_a_transaction(cast: Cast) -> None:
    with pytest.raises(TransactionManagementError, match=r"customer\.created"):
        record("customer.created", cast.alder, by=cast.alice)
    assert not AuditEvent.objects.exists()


def test_an_event_is_rolled_back_with_its_change(cast: Cast) -> None:
    with transaction.atomic():
        create_customer(agency=cast.alder, by=cast.alice, kind="company", company="Brandt")
        assert AuditEvent.objects.count() == 1
        transaction.set_rollback(True)
    assert (AuditEvent.objects.count(), Customer.objects.count()) == (0, 0)


def test_unregistered_actions_are_rejected(cast: Cast) -> None:
    with pytest.raises(ValueError, match=r"customer\.teleported"):
        record("customer.teleported", cast.alder, by=cast.alice)
    assert not AuditEvent.objects.exists()


def test_staff_ip_address_is_recorded(alice: Client, cast: Cast) -> None:
    assert alice.post("/customers/add/", FORM, REMOTE_ADDR="192.0.2.7").status_code == 302
    event = AuditEvent.objects.get()
    assert (event.source, event.ip_address, event.actor_id) == ("web", "192.0.2.7", cast.alice.pk)


def test_admin_actions_have_their_own_source(cast: Cast) -> None:
    ada = Client()
    ada.force_login(cast.ada)
    profile = cast.alder.profile
    profile.status = "submitted"
    profile.save()
    ada.post("/admin/network/partnerprofile/", {"action": "register", "_selected_action": [profile.pk]}, REMOTE_ADDR="2001:db8::7")
    event = AuditEvent.objects.get()
    assert (event.action, event.source, event.ip_address, event.actor_label) == ("profile.registered", "admin", "2001:db8::7", "Ada Admin")


def test_reviewers_are_recorded_without_name_and_ip_address(cast: Cast) -> None:
    request = ReviewRequestFactory(agency=cast.alder, customer__agency=cast.alder)
    answers = {**same_rating(5), "text": "They did it.", "author": "Lea Brandt"}
    assert Client().post(urlsplit(request.link).path, answers, REMOTE_ADDR="192.0.2.7").status_code == 302
    event = AuditEvent.objects.get(action="review.submitted")
    assert (event.source, event.ip_address, event.actor_id, event.actor_label) == ("link", None, None, "")


def test_events_outside_requests_have_source_system(cast: Cast) -> None:
    CustomerFactory(agency=cast.alder)
    event = AuditEvent.objects.get()
    assert (event.source, event.ip_address) == ("system", None)


def test_changed_fields_are_recorded_without_values(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, company="Old name", email="old@clients.example")
    data = {**FORM, "company": "New name", "email": "new@clients.example", "last_name": customer.last_name}
    assert alice.post(f"/customers/{customer.pk}/edit/", data).status_code == 302
    event = AuditEvent.objects.get(action="customer.updated")
    assert {"company", "email"} <= set(event.data["fields"])
    kept = f"{event.data} {event.object_label} {event.sentence}"
    assert not [word for word in ("Old name", "New name", "old@clients", "new@clients") if word in kept]


def test_customer_page_shows_own_events_newest_first(alice: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, by=cast.alice)
    add_item(Project(title="Website"), customer=customer, by=cast.stan)
    add_item(Project(title="Shop"), customer=CustomerFactory(agency=cast.alder), by=cast.max)
    page = alice.get(f"/customers/{customer.pk}/").content.decode()
    assert -1 < page.index("Project “Website” added") < page.index("Customer K-1001 created")
    assert "Stan Stein" in page
    assert "Max Meyer" not in page
