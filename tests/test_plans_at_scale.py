"""Plans of what runs for each member or agency, with 100,000 customers and the planner's defaults."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from customers.deadlines.models import STEPS
from customers.deadlines.queries import due_items
from customers.models import Contract, Customer, Domain, Project, Task
from partnerportal.desk.calendar.queries import due_dates
from partnerportal.desk.digest import queries
from requests_inbox.models import ContactRequest
from reviews.models import Review, ReviewRequest
from tests.cast import Cast
from tests.factories.customers import ContractFactory, CustomerFactory, DomainFactory, ProjectFactory, TaskFactory
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory
from tests.test_plans import nodes, plan_of

TABLES: tuple[type[Model], ...] = (Customer, Task, Project, Domain, Contract, ContactRequest, ReviewRequest, Review)
#: Customers in all, and those of the agency whose queries are checked.
CUSTOMERS, OWN = 100_000, 20_000
#: Days over which the dates are spread, from 30 days ago on.
DAYS = 3000
#: Maximum number of rows of a table that a query may read, those that a filter removes included.
MAX_READ = 1500
#: Each item's date as SQL, where `c` is the customer.
DAY = f"CURRENT_DATE - 30 + (c.id %% {DAYS})::int"


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
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for model in TABLES:
            cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER USER")
    agency = f"CASE WHEN n <= {OWN} THEN {cast.alder.pk} ELSE {cast.birch.pk} END"
    insert(customer, f"generate_series(1, {CUSTOMERS}) n", agency_id=agency, number="1000000 + n")
    each = f"{Customer._meta.db_table} c"
    of = {"agency_id": "c.agency_id", "customer_id": "c.id"}
    assignee = f"CASE WHEN c.id %% 20 = 0 THEN {cast.stan.pk} ELSE {cast.max.pk} END"
    insert(task, each, **of, due_on=DAY, assignee_id=assignee)
    insert(project, each, **of, due_on=DAY)
    insert(domain, each, **of, name="'d' || c.id || '.example'", expires_on=DAY)
    insert(contract, each, **of, ends_on=DAY)
    replied = "CASE WHEN c.id %% 200 = 0 THEN NULL ELSE now() END"
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
        cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in TABLES)}")


def rows_read(rows: QuerySet[Any]) -> dict[str, int]:
    """Return the number of rows that the query reads from each table."""
    found: dict[str, int] = {}
    for node in nodes(plan_of(*rows.query.sql_with_params())):
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


def test_queries_read_few_rows_of_a_large_agency(cast: Cast) -> None:
    fill(cast)
    assert all(model._default_manager.count() > CUSTOMERS for model in TABLES)
    read = {name: rows_read(query()) for name, query in work(cast).items()}
    assert {name: tables for name, tables in read.items() if max(tables.values()) > MAX_READ} == {}
    assert {name for name, tables in read.items() if not any(tables.values())} == set()
