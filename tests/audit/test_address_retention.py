"""Removal of old IP addresses from audit events, which otherwise stay as they are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.conf import settings as django_settings
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.audit import retention
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.tasks import remove_addresses
from partnerportal.core.batches import process_in_batches
from tests.cast import Cast
from tests.test_plans import nodes, plan_of

FORM = {"kind": "company", "country": "DE", "language": "de"}
ADDRESS = "192.0.2.7"
#: All columns except the address.
KEPT = tuple(field.attname for field in AuditEvent._meta.concrete_fields if field.name != "ip_address")


def recorded(client: Client, *ages: float) -> list[AuditEvent]:
    """Add a customer for each age in days, from `ADDRESS`, and return the events."""
    for number, days in enumerate(ages):
        with time_machine.travel(timezone.now() - timedelta(days=days), tick=True):
            answer = client.post("/customers/add/", {**FORM, "company": f"Brandt {days} {number} GmbH"}, REMOTE_ADDR=ADDRESS)
            assert answer.status_code == 302
    return list(AuditEvent.objects.filter(action="customer.created").order_by("pk"))


def addresses() -> list[str | None]:
    return list(AuditEvent.objects.order_by("pk").values_list("ip_address", flat=True))


def test_old_events_lose_their_address_and_nothing_else(stan: Client, cast: Cast) -> None:
    recorded(stan, 400, 91, 89, 0)
    before = list(AuditEvent.objects.order_by("pk").values_list(*KEPT))
    assert remove_addresses() == 2
    assert addresses() == [None, None, ADDRESS, ADDRESS]
    assert list(AuditEvent.objects.order_by("pk").values_list(*KEPT)) == before
    assert remove_addresses() == 0


@pytest.mark.parametrize(("days", "left"), [(7, 1), (30, 2), (0, 3)])
def test_the_period_is_a_setting(stan: Client, settings: Any, days: int, left: int) -> None:
    recorded(stan, 31, 29, 1)
    settings.IP_ADDRESS_RETENTION = days
    remove_addresses()
    assert len([address for address in addresses() if address]) == left


def test_the_event_is_still_shown(stan: Client, cast: Cast) -> None:
    (event,) = recorded(stan, 91)
    remove_addresses()
    ada = Client()
    ada.force_login(cast.ada)
    page = ada.get("/admin/audit/auditevent/").content.decode()
    assert "Customer K-1001 created" in page
    assert "Stan Stein" in page
    assert ADDRESS not in page
    assert "created" in stan.get(f"/customers/{event.object_id}/").content.decode()


@pytest.mark.parametrize("days", [6.9, 0])
def test_the_database_protects_recent_addresses(stan: Client, days: float) -> None:
    (event,) = recorded(stan, days)
    with pytest.raises(ProgrammingError, match="Cannot update rows from audit_auditevent"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(ip_address=None)
    assert addresses() == [ADDRESS]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda rows: rows.update(ip_address="198.51.100.1"),
        lambda rows: rows.update(ip_address=None, actor_label=""),
        lambda rows: rows.update(ip_address=None, created_at=timezone.now()),
        lambda rows: rows.update(ip_address=None, data={"fields": []}),
        lambda rows: rows.update(actor_label=""),
        lambda rows: rows.update(source="system"),
        lambda rows: rows.delete(),
    ],
    ids=["other address", "actor", "time", "data", "only actor", "only source", "delete"],
)
@pytest.mark.parametrize("removed", [False, True])
def test_of_old_events_only_the_address_can_be_removed(stan: Client, tamper: Callable[[Any], object], removed: bool) -> None:
    recorded(stan, 91)
    if removed:
        remove_addresses()
    before = AuditEvent.objects.values().get()
    with pytest.raises(ProgrammingError, match="rows from audit_auditevent"), transaction.atomic():
        tamper(AuditEvent.objects.all())
    assert AuditEvent.objects.values().get() == before


@pytest.mark.parametrize("column", KEPT)
def test_each_other_column_is_protected(stan: Client, column: str) -> None:
    """Also with SQL, and together with a permitted change."""
    recorded(stan, 91)
    field = AuditEvent._meta.get_field(column.removesuffix("_id") if column == "agency_id" else column)
    value = {"jsonb": "'{}'", "timestamp with time zone": "now()", "bigint": "4711"}.get(str(field.db_type(connection)), "'x'")
    changed = "'{\"x\": 1}'" if column == "data" else value
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_auditevent SET ip_address = NULL, {column} = {changed}")  # noqa: S608  # names of columns
    assert addresses() == [ADDRESS]


def test_the_task_works_in_bounded_batches(stan: Client) -> None:
    recorded(stan, *([91] * 5))
    sizes = []

    def counted(batch: int) -> int:
        sizes.append(retention.remove_old_addresses(batch))
        return sizes[-1]

    assert process_in_batches(counted, size=2, most=2) == 4
    assert process_in_batches(counted, size=2, most=5) == 1
    assert sizes == [2, 2, 1]


def test_old_addresses_are_found_with_an_index(stan: Client, cast: Cast) -> None:
    recorded(stan, 91)
    AuditEvent.objects.bulk_create(
        AuditEvent(agency=cast.alder, action="customer.created", object_type="x", object_id=number, source="system")
        for number in range(500)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_auditevent; SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
    with CaptureQueriesContext(connection) as queries:
        assert retention.remove_old_addresses(50) == 1
    (select,) = (query["sql"] for query in queries if "FOR UPDATE" in query["sql"])
    assert {node.get("Index Name") for node in nodes(plan_of(select.replace("%", "%%"), None))} & {"audit_of_address"}
    assert len(queries) <= 4


@pytest.mark.django_db(transaction=True)
def test_two_tasks_share_the_work(stan: Client) -> None:
    recorded(stan, *([91] * 4))

    def other() -> int:
        try:
            return remove_addresses()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert retention.remove_old_addresses(2) == 2
        # The other task skips the locked rows instead of waiting.
        assert pool.submit(other).result(timeout=10) == 2
    assert addresses() == [None] * 4


def test_the_task_is_scheduled() -> None:
    entry = django_settings.CELERY_BEAT_SCHEDULE["remove-old-addresses"]
    assert entry["task"] == remove_addresses.name
    current_app.loader.import_default_modules()
    assert {str(entry["task"]) for entry in django_settings.CELERY_BEAT_SCHEDULE.values()} <= current_app.tasks.keys()
