"""Plans of what runs for each member or agency and of the pages' prepared queries, with 100,000 customers and the planner's defaults.

The rows are in a database of their own, because those that a test rolls back leave large files and statistics to other tests.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.postgres.indexes import GinIndex
from django.db import connection
from django.db.models import Model, QuerySet
from django.test import Client
from django.utils import timezone

from customers.deadlines.models import STEPS
from customers.deadlines.queries import due_items
from customers.models import Contract, Customer, Domain, Project, Task
from customers.queries.contracts import agency_sums, horizons
from customers.queries.lists import end_of_week, totals_of
from partnerportal.agencies.models import Agency
from partnerportal.core.compiled import compiled
from partnerportal.core.pagination import COUNT_LIMIT
from partnerportal.desk.calendar.queries import due_dates
from partnerportal.desk.digest import queries
from requests_inbox.models import ContactRequest
from reviews.models import Review, ReviewRequest
from tests.cast import Cast, StoredCast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory
from tests.test_plans import nodes, plan_of

TABLES: tuple[type[Model], ...] = (Customer, Task, Project, Domain, Contract, ContactRequest, ReviewRequest, Review)
#: Customers in all, every fifth of which belongs to the agency whose queries are checked.
CUSTOMERS = 100_000
#: Customers of the other agency with a second contract, so that it has 100,000 contracts.
MORE = 20_000
#: Days over which the dates are spread, from 30 days ago on.
DAYS = 3000
#: Maximum number of rows of a table that a query may read, those that a filter removes included.
MAX_READ = 1500
#: Pages whose prepared queries are checked. Lists with a filter have fewer of them.
PAGES = (
    "/dashboard/",
    "/dashboard/?whose=mine",
    "/customers/",
    "/customers/?sort=name",
    "/customers/?open_tasks=on",
    "/requests/",
    "/tasks/",
    "/tasks/?whose=mine",
    "/projects/",
    "/domains/",
    "/domains/?when=soon",
    "/contracts/",
    "/contracts/?when=cancel",
    "/company/reviews/",
    "/company/reviews/stats/",
    "/partners/alder/",
)
#: Each item's date as SQL, where `c` is the customer.
DAY = f"CURRENT_DATE - 30 + (c.id / 5 %% {DAYS})::int"


@pytest.fixture(scope="module")
def full(stored_cast: StoredCast, django_db_blocker: Any) -> Iterator[Cast]:
    """The cast in a full copy of the test database, which all tests of this module use."""
    creation, settings = connection.creation, connection.settings_dict
    name = settings["NAME"]
    with django_db_blocker.unblock():
        # A database that is copied has no sessions.
        connection.close()
        creation.clone_test_db("scale", verbosity=0)
        settings["NAME"] = creation.get_test_db_clone_settings("scale")["NAME"]
        try:
            cast = stored_cast.copy()
            fill(cast)
            yield cast
        finally:
            connection.close()
            settings["NAME"] = name
            creation.destroy_test_db(verbosity=0, suffix="scale")


def insert(row: Any, source: str, **expressions: str) -> None:
    """Insert a copy of the row for each row of the source, with other expressions for some of its columns."""
    table = row._meta.db_table
    columns = [field.column for field in row._meta.concrete_fields if not field.primary_key and not field.generated]
    assert set(expressions) <= set(columns)
    values = ", ".join(expressions.get(column, f"t.{column}") for column in columns)
    with connection.cursor() as cursor:
        into = f"{table} ({', '.join(columns)})"
        cursor.execute(f"INSERT INTO {into} SELECT {values} FROM {table} t, {source} WHERE t.id = %s", [row.pk])  # noqa: S608


def fill(cast: Cast) -> None:
    """Fill the tables as their triggers would leave them, but without these, which would take minutes."""
    customer = CustomerFactory(agency=cast.alder)
    task, project = TaskFactory(customer=customer, assignee=cast.stan), ProjectFactory(customer=customer)
    domain, contract = DomainFactory(customer=customer), ContractFactory(customer=customer, notice_count=1)
    request = ContactRequestFactory(agency=cast.alder)
    review: Any = ReviewFactory(review_request__customer=customer)
    with connection.cursor() as cursor:
        for model in TABLES:
            # Autovacuum would read pages that the VACUUM below then skips.
            cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER USER, SET (autovacuum_enabled = false)")
        # All rows at once are checked faster than each.
        tables = [model._meta.db_table for model in TABLES]
        cursor.execute(
            "SELECT 'ALTER TABLE ' || conrelid::regclass || %s || quote_ident(conname), pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
            [" DROP CONSTRAINT ", tables],
        )
        foreign_keys = cursor.fetchall()
        cursor.execute("; ".join(drop for drop, _definition in foreign_keys))
        # Indexes for searches, which none of the queries uses.
        names = [index.name for model in TABLES for index in model._meta.indexes if isinstance(index, GinIndex)]
        cursor.execute(f"DROP INDEX {', '.join(names)}")
    agency = f"CASE WHEN n %% 5 = 0 THEN {cast.alder.pk} ELSE {cast.birch.pk} END"
    insert(customer, f"generate_series(1, {CUSTOMERS}) n", agency_id=agency, number="1000000 + n")
    each = f"{Customer._meta.db_table} c"
    of = {"agency_id": "c.agency_id", "customer_id": "c.id"}
    assignee = f"CASE WHEN c.id / 5 %% 20 = 0 THEN {cast.stan.pk} ELSE {cast.max.pk} END"
    insert(task, each, **of, due_on=DAY, assignee_id=assignee)
    insert(project, each, **of, due_on=DAY)
    insert(domain, each, **of, name="'d' || c.id || '.example'", expires_on=DAY)
    insert(contract, each, **of, ends_on=DAY)
    some = f"(SELECT * FROM {Customer._meta.db_table} WHERE agency_id = {cast.birch.pk} ORDER BY id LIMIT {MORE}) c"  # noqa: S608
    insert(contract, some, **of, ends_on=DAY)
    replied = "CASE WHEN c.id / 5 %% 200 = 0 THEN NULL ELSE now() END"
    insert(
        request,
        each,
        agency_id="c.agency_id",
        first_reply_at=replied,
        created_at="now() - c.id * interval '1 second'",
        submission="'s' || c.id",
    )
    tokens = {"nonce": "'n' || c.id", "token_digest": "'t' || c.id"}
    insert(review.request, each, **of, **tokens)
    requests = f"(SELECT * FROM {ReviewRequest._meta.db_table} WHERE token_digest LIKE 't%%') r"  # noqa: S608
    insert(review, requests, agency_id="r.agency_id", request_id="r.id", created_at="now() - r.id * interval '1 minute'")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"{drop.replace(' DROP ', ' ADD ')} {definition}" for drop, definition in foreign_keys))
        # As autovacuum does; it also allows reading indexes alone. It would skip pages with few rows that other tests rolled back.
        cursor.execute(f"VACUUM (ANALYZE, INDEX_CLEANUP ON) {', '.join(model._meta.db_table for model in TABLES)}")


def rows_read(rows: QuerySet[Any]) -> dict[str, int]:
    """Return the number of rows that the query reads from each table."""
    return rows_of(plan_of(*rows.query.sql_with_params()))


def rows_of(plan: dict[str, Any]) -> dict[str, int]:
    """Return the number of rows that the plan reads from each table."""
    found: dict[str, int] = {}
    for node in nodes(plan):
        if table := node.get("Relation Name"):
            assert node["Node Type"] != "Seq Scan" or node["Actual Rows"] + node.get("Rows Removed by Filter", 0) < MAX_READ, node
            read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            found[table] = found.get(table, 0) + read
    return found


def work(cast: Cast) -> dict[str, Callable[[], QuerySet[Any]]]:
    """Return the queries by name."""
    today, now, agency = timezone.localdate(), timezone.now(), cast.alder.pk
    steps = {f"day_{step}": today + timedelta(days=step) for step in STEPS}
    due = {"agency": agency, "today": today, "earliest": today - timedelta(days=30), **steps}
    period: dict[str, date] = {"first": today, "last": today + timedelta(days=90)}
    digest = {"agency": agency, "today": today, "sunday": today + timedelta(days=6)}
    found: dict[str, Callable[[], QuerySet[Any]]] = {
        "badge": lambda: ContactRequest.objects.for_agency(cast.alder).waiting().values("pk")[:101],
        "waiting": lambda: queries.waiting_requests.build(agency=agency),
        "new reviews": lambda: Review.objects.filter(agency=agency, created_at__gte=now - timedelta(days=1), created_at__lt=now),
        "calendar": lambda: due_dates.build("member", 2000, agency=agency, user=cast.stan.pk, **period),
    }
    for kind in ("task", "project", "domain", "contract"):
        found[f"digest {kind}"] = lambda kind=kind: queries.dated_rows.build(kind, **digest)  # type: ignore[misc]
    for kind in ("domain", "contract"):
        found[f"deadlines {kind}"] = lambda kind=kind: due_items.build(kind, **due)  # type: ignore[misc]
    return found


@pytest.mark.django_db
def test_queries_read_few_rows_of_a_large_agency(full: Cast) -> None:
    assert all(model._default_manager.count() > CUSTOMERS for model in TABLES)
    read = {name: rows_read(query()) for name, query in work(full).items()}
    assert {name: tables for name, tables in read.items() if max(tables.values()) > MAX_READ} == {}
    assert {name for name, tables in read.items() if not any(tables.values())} == set()


@pytest.mark.django_db
def test_contracts_are_added_up_from_an_index_alone(full: Cast) -> None:
    today = timezone.localdate()
    plan = plan_of(*agency_sums.build(agency=full.birch.pk, today=today, **horizons(today)).query.sql_with_params())
    (scan,) = (node for node in nodes(plan) if node.get("Relation Name") == Contract._meta.db_table)
    assert (scan["Node Type"], scan["Index Name"], scan["Heap Fetches"]) == ("Index Only Scan", "contract_active_values", 0)
    assert scan["Actual Rows"] * scan["Actual Loops"] > CUSTOMERS * 0.98


@pytest.mark.django_db
def test_totals_of_the_contracts_list_read_as_many_rows_as_it_counts(full: Cast) -> None:
    contracts = Contract.objects.filter(agency=full.birch, status=Contract.Status.ACTIVE)
    rows = Agency.objects.filter(pk=full.birch.pk).values_list(totals_of(contracts, timezone.localdate(), end_of_week()))
    assert rows_read(rows)[Contract._meta.db_table] == COUNT_LIMIT + 1


def prepared_plan_of(sql: str, params: list[Any]) -> dict[str, Any]:
    """Return the plan for any values, as in a prepared query."""
    number = count(1)
    placeholders = f"({', '.join(['%s'] * len(params))})" if params else ""
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE checked AS {re.sub('%s', lambda _: f'${next(number)}', sql).replace('%%', '%')}")
        plan = plan_of(f"EXECUTE checked{placeholders}", params)
        cursor.execute("DEALLOCATE checked")
    return plan


@pytest.mark.django_db
def test_plans_of_prepared_queries_read_as_few_rows_as_those_for_the_values(full: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    read: dict[str, tuple[str, list[Any]]] = {}
    call = compiled.__call__

    def remember(query: Any, *choice: Any, **values: Any) -> list[Any]:
        rows = call(query, *choice, **values)
        if query.is_prepared:
            statement = query._statement(tuple(sorted(values)), *choice)
            given = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
            read[f"{query.__name__} {choice}"] = statement._sql, [given[name] for name in statement._names]
        return rows

    monkeypatch.setattr(compiled, "__call__", remember)
    browser = Client()
    browser.force_login(full.alice)
    for path in PAGES:
        assert browser.get(path).status_code == 200
    assert len(read) > len(PAGES)
    for name, (sql, params) in read.items():
        usual, prepared = rows_of(plan_of(sql, params or None)), rows_of(prepared_plan_of(sql, params))
        assert {table: rows for table, rows in prepared.items() if rows > max(MAX_READ, usual.get(table, 0))} == {}, name
