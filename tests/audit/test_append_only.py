"""Audit events can’t be changed or deleted, apart from their IP address (test_address_retention.py)."""

from collections.abc import Callable

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from invitations.client_data.closing import close_account
from partnerportal.agencies.models import Membership, Role
from partnerportal.agencies.services.team_invitations import invite
from partnerportal.audit.context import Origin, origin
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
        lambda event: AuditEvent.objects.filter(pk=event.pk).update(action="customer.erased"),
        lambda event: AuditEvent.objects.all().delete(),
        lambda event: AuditEvent.objects.filter(pk=event.pk).update(object_label=""),
        lambda event: AuditEvent.objects.filter(pk=event.pk).update(data={"count": 1}),
        lambda event: _sql("UPDATE audit_auditevent SET ip_address = '192.0.2.1'"),
        lambda event: _sql("UPDATE audit_auditevent SET created_at = now()"),
        lambda event: _sql("DELETE FROM audit_auditevent"),
    ],
    ids=[
        "save",
        "delete",
        "update actor",
        "bulk_update",
        "delete all",
        "update label",
        "update details",
        "SQL address",
        "SQL time",
        "SQL DELETE",
    ],
)
def test_no_event_can_be_changed_or_deleted(event: AuditEvent, tamper: Callable[[AuditEvent], object]) -> None:
    with pytest.raises(ProgrammingError, match=r"Cannot (update|delete) rows from audit_auditevent"), transaction.atomic():
        tamper(event)
    assert AuditEvent.objects.get().actor_label == "Alice Alder"


@pytest.mark.parametrize("values", [{"actor_label": ""}, {"ip_address": None}], ids=["name", "network address"])
def test_only_a_closed_account_loses_its_name(cast: Cast, values: dict[str, str | None]) -> None:
    token = origin.set(Origin("web", "192.0.2.77"))
    CustomerFactory(agency=cast.alder, by=cast.stan)
    origin.reset(token)
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        AuditEvent.objects.update(**values)
    Membership.objects.filter(user=cast.stan).delete()
    close_account(cast.stan)
    assert AuditEvent.objects.filter(actor_id=cast.stan.pk).update(**values) == 1
    for other in ({"actor_label": "Ben"}, {"ip_address": "192.0.2.78"}):
        with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
            AuditEvent.objects.filter(actor_id=cast.stan.pk).update(**other)


def test_only_events_about_teams_lose_their_label(cast: Cast) -> None:
    invite(cast.alder, email="kim@people.example", role=Role.STAFF, by=cast.alice)
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        AuditEvent.objects.update(object_label="lea@people.example")
    assert AuditEvent.objects.update(object_label="") == 1


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
