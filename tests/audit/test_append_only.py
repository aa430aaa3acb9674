"""Audit events can’t be changed or deleted, apart from their IP address (test_address_retention.py)."""

from collections.abc import Callable

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import CustomerFactory

EVENTS = "/admin/audit/auditevent/"


@pytest.fixture
def event(cast: Cast) -> AuditEvent:
    """An audit event."""
    CustomerFactory(agency=cast.alder, by=cast.alice)
    return AuditEvent.objects.get()


@pytest.fixture
def ada(cast: Cast) -> Client:
    """Client of Ada, an admin."""
    client = Client()
    client.force_login(cast.ada)
    return client


def _save(event: AuditEvent) -> None:
    event.actor_label = "Another customer"
    event.save()


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "tamper",
    [
        _save,
        lambda event: event.delete(),
        lambda event: AuditEvent.objects.filter(pk=event.pk).update(actor_label=""),
        lambda event: AuditEvent.objects.bulk_update([event], ["action"]),
        lambda event: AuditEvent.objects.all().delete(),
        lambda event: _sql("UPDATE audit_auditevent SET ip_address = NULL"),
        lambda event: _sql("DELETE FROM audit_auditevent"),
    ],
    ids=["save", "delete", "update", "bulk_update", "delete all", "SQL UPDATE", "SQL DELETE"],
)
def test_no_event_can_be_changed_or_deleted(event: AuditEvent, tamper: Callable[[AuditEvent], object]) -> None:
    with pytest.raises(ProgrammingError, match=r"Cannot (update|delete) rows from audit_auditevent"), transaction.atomic():
        tamper(event)
    assert AuditEvent.objects.get().actor_label == "Alice Alder"


def test_events_cannot_be_added_changed_or_deleted_in_the_admin(event: AuditEvent, ada: Client) -> None:
    assert ada.get(EVENTS).status_code == 200
    assert ada.get(f"{EVENTS}add/").status_code == 403
    assert ada.post(f"{EVENTS}{event.pk}/change/", {"action": "other"}).status_code == 403
    assert ada.post(f"{EVENTS}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    ada.post(EVENTS, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    assert AuditEvent.objects.get().action == "customer.created"


def test_events_outlive_their_object_actor_and_agency(event: AuditEvent, cast: Cast, ada: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_customer")
    cast.alder.delete()
    cast.alice.delete()
    event = AuditEvent.objects.get()
    assert (event.sentence, event.actor_label) == ("Customer K-1001 created", "Alice Alder")
    for address in (EVENTS, f"{EVENTS}{event.pk}/change/"):
        page = ada.get(address)
        assert page.status_code == 200
        assert "Alice Alder" in page.content.decode()


def test_agencies_only_see_their_own_events(cast: Cast) -> None:
    ours = CustomerFactory(agency=cast.alder)
    CustomerFactory(agency=cast.birch)
    assert [event.object_id for event in AuditEvent.objects.for_agency(cast.alder)] == [ours.pk]
