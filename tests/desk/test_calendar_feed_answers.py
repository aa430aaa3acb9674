"""What the server of the calendar feed saves: answers to unchanged feeds, events, queries and reads of rows."""

# ruff: noqa: F402, F811  # parameters have the names of the imported fixtures

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.models import Contract, Customer, Domain, Project, Task
from customers.services.customers import archive_customer
from customers.services.items import complete_task
from partnerportal.desk.calendar import views
from partnerportal.desk.calendar.queries import due_dates
from tests.cast import Cast
from tests.desk.test_calendar_feed import body, customer, days, events, items, path_of, read  # noqa: F401  # two of them are fixtures
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, TaskFactory
from tests.test_plans import nodes, plan_of

# --- Caching -----------------------------------------------------------------------------------------------------------


def test_an_unchanged_feed_is_not_sent_again(cast: Cast, customer: Customer, items: dict[str, Any]) -> None:
    path = path_of(cast, cast.alice)
    first = read(path)
    assert first["Cache-Control"] == "private, no-cache"
    for headers in ({"If-None-Match": first["ETag"]}, {"If-Modified-Since": first["Last-Modified"]}):
        again = read(path, **headers)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert again["Last-Modified"] == first["Last-Modified"]
    # Also after the portal forgot when it first saw the contents.
    cache.clear()
    assert read(path, **{"If-None-Match": first["ETag"]}).status_code == 304
    contents = b"".join(first.streaming_content)
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        assert body(path) == contents
        assert read(path, **{"If-None-Match": first["ETag"]}).status_code == 304


def test_every_change_is_sent(cast: Cast, customer: Customer, items: dict[str, Any]) -> None:
    def rename() -> None:
        Customer.objects.filter(pk=customer.pk).update(company="Other name")

    changes = {
        "a task is completed": lambda: complete_task(items["task"], by=cast.alice),
        "a date changes": lambda: Project.objects.filter(pk=items["project"].pk).update(due_on=days(41)),
        "a customer is renamed": rename,
        "a domain is removed": lambda: Domain.objects.all().delete(),
        "a customer is archived": lambda: archive_customer(Customer.objects.get(pk=customer.pk), by=cast.alice),
    }
    path = path_of(cast, cast.alice)
    # Within one second, which `Last-Modified` can't divide.
    with time_machine.travel(timezone.now(), tick=False):
        before = read(path)
        for name, change in changes.items():
            change()
            by_etag = read(path, **{"If-None-Match": before["ETag"]})
            by_time = read(path, **{"If-Modified-Since": before["Last-Modified"]})
            assert (by_etag.status_code, by_time.status_code) == (200, 200), name
            before = by_time


def test_head_writes_the_headers_only(cast: Cast, items: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    path = path_of(cast, cast.alice)
    full = read(path)
    monkeypatch.setattr(views, "write_calendar", None)
    head = Client().head(path)
    assert head.status_code == 200
    assert b"".join(head.streaming_content) == b""
    for name in ("ETag", "Last-Modified", "Content-Type", "Cache-Control"):
        assert head[name] == full[name]
    assert full["Content-Type"] == "text/calendar; charset=utf-8"


# --- Size --------------------------------------------------------------------------------------------------------------


def test_a_feed_has_at_most_2000_events_and_the_earliest_are_kept(cast: Cast, customer: Customer) -> None:
    Task.objects.bulk_create(Task(agency=cast.alder, customer=customer, title=f"Task {n}", due_on=days(n // 3 - 29)) for n in range(2001))
    path = path_of(cast, cast.alice)
    with CaptureQueriesContext(connection) as queries:
        found = events(path)
    assert len(found) == 2000
    assert "Task: Task 2000" not in " ".join(str(event["SUMMARY"]) for event in found.values())
    assert len(queries) <= 6


def test_the_number_of_queries_is_constant(cast: Cast, items: dict[str, Any]) -> None:
    def number() -> int:
        with CaptureQueriesContext(connection) as queries:
            body(path)
        return len(queries)

    path = path_of(cast, cast.alice, "mine")
    TaskFactory(customer=items["task"].customer, due_on=days(1), assignee=cast.alice)
    few = number()
    for customer in CustomerFactory.create_batch(5, agency=cast.alder):
        TaskFactory(customer=customer, due_on=days(1), assignee=cast.alice)
        DomainFactory(customer=customer, expires_on=days(1))
        ContractFactory(customer=customer, ends_on=days(400), notice_count=1)
    assert number() == few <= 6


def test_dates_are_found_with_indexes(cast: Cast) -> None:
    """Rows of other agencies and outside of the period aren't read."""
    for agency in (cast.alder, cast.birch):
        number = Customer.objects.filter(agency=agency).count() + 2000
        rows = Customer.objects.bulk_create(Customer(agency=agency, number=number + n, company=f"Firm {n}") for n in range(300))
        for year in (2020, 2027, 2035):
            day = date(year, 6, 1)
            Task.objects.bulk_create(Task(agency=agency, customer=row, title="Call", due_on=day) for row in rows)
            Project.objects.bulk_create(Project(agency=agency, customer=row, title="Shop", due_on=day) for row in rows)
            Contract.objects.bulk_create(Contract(agency=agency, customer=row, number="V", ends_on=day, notice_count=1) for row in rows)
            names = [f"d{n}-{year}-{agency.pk}.example" for n in range(len(rows))]
            Domain.objects.bulk_create(
                Domain(agency=agency, customer=row, name=name, unicode_name=name, expires_on=day)
                for row, name in zip(rows, names, strict=True)
            )
    items = [model._meta.db_table for model in (Task, Project, Contract, Domain)]
    tables = ", ".join([Customer._meta.db_table, *items])
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}; SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
        # In tables this small, an index of the agency alone costs as little.
        cursor.execute(
            "SELECT indexrelid::regclass FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
            " WHERE indnatts = 1 AND attname = 'agency_id' AND indrelid = ANY (%s::regclass[])",
            [items],
        )
        cursor.execute(f"DROP INDEX {', '.join(name for (name,) in cursor.fetchall())}")
    period = {"first": date(2027, 1, 1), "last": date(2028, 12, 31)}
    for whose in ("", "manager", "member"):
        rows = due_dates.build(whose, 2000, agency=cast.alder.pk, user=cast.stan.pk, **period)
        plan = plan_of(*rows.query.sql_with_params())
        found = list(nodes(plan))
        assert [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"] == []
        scans = [node for node in found if node.get("Relation Name") in items]
        assert len(scans) == 5
        for node in scans:
            assert node["Actual Rows"] <= 300, node
            assert node.get("Rows Removed by Filter", 0) == 0 or whose, node
