"""Plans and numbers of the queries about deadlines and the contracts' outlook, with many customers."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.deadlines.kinds import KINDS
from customers.deadlines.models import LATE_DAYS, STEPS
from customers.deadlines.queries import due_items
from customers.deadlines.services import notify_agencies, record_due_notices
from customers.models import Contract, Customer, DeadlineNotice, Domain
from customers.queries.contracts import agency_sums, horizons
from partnerportal.agencies.models import Agency
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, DomainFactory

#: Rows of each kind in each of two agencies. Most have no deadline soon.
ROWS, SOON = 3_000, 30
#: Joins that read all notices, which the planner may prefer while there are few.
JOINS = ("hashjoin", "mergejoin", "material")


@pytest.fixture
def full(cast: Cast) -> Agency:
    today = timezone.localdate()
    for agency in (cast.alder, cast.birch):
        customers = Customer.objects.bulk_create(Customer(agency=agency, number=2000 + n, company=f"Firm {n}") for n in range(100))

        def day(number: int) -> date:
            return today + timedelta(days=number % 50 if number < SOON else 100 + number % 900)

        fields = [(customers[n % 100], f"d{n}.example", day(n)) for n in range(ROWS)]
        Domain.objects.bulk_create(
            Domain(agency=agency, customer=customer, name=name, unicode_name=name, expires_on=end) for customer, name, end in fields
        )
        Contract.objects.bulk_create(
            Contract(agency=agency, customer=customer, number=name, ends_on=end, price=10) for customer, name, end in fields
        )
        DeadlineNotice.objects.bulk_create(
            DeadlineNotice(agency=agency, kind="domain", object_id=agency.pk * ROWS + n, date=today, step=1) for n in range(ROWS)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_domain, customers_contract, customers_deadlinenotice, customers_customer")
    return cast.alder


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in nodes(inner))]


def plan_of(rows: QuerySet[Any], *forbidden: str) -> list[dict[str, Any]]:
    """Return the nodes of the plan without the `forbidden` ways, so that it doesn't depend on the size of the tables."""
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        for way in ("seqscan", *forbidden):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        (plans,) = cursor.fetchone()
    return nodes((json.loads(plans) if isinstance(plans, str) else plans)[0]["Plan"])


@pytest.mark.parametrize(
    ("kind", "indexes"), [("domain", {"domain_by_expiry", "domain_to_renew"}), ("contract", {"contract_active_by_cancel"})]
)
def test_due_items_are_found_by_a_range_of_an_index(full: Agency, kind: str, indexes: set[str]) -> None:
    today = timezone.localdate()
    days = {f"day_{step}": today + timedelta(days=step) for step in STEPS}
    found = plan_of(due_items.build(kind, agency=full.pk, today=today, earliest=today - timedelta(days=LATE_DAYS), **days), *JOINS)
    assert not [node for node in found if node["Node Type"] == "Seq Scan"]
    (scan,) = [node for node in found if node.get("Index Name") in indexes]
    column = "sort_date" if kind == "domain" else "cancel_by"
    assert "agency_id" in scan["Index Cond"] and column in scan["Index Cond"]
    assert scan["Actual Rows"] * scan["Actual Loops"] <= SOON
    assert [node for node in found if node.get("Index Name", "").startswith("deadline_notice_once")]


def test_the_outlook_is_read_from_an_index_alone(full: Agency) -> None:
    today = timezone.localdate()
    with connection.cursor() as cursor:
        # Before a VACUUM, which a test can't run, the planner may prefer another index.
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'customers_contract'::regclass"
            " AND NOT indisprimary AND indexrelid <> 'contract_active_values'::regclass"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")
    found = plan_of(agency_sums.build(agency=full.pk, today=today, **horizons(today)), "bitmapscan")
    (scan,) = [node for node in found if node.get("Relation Name") == "customers_contract"]
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Only Scan", "contract_active_values")


def test_an_agency_takes_a_constant_number_of_queries(cast: Cast) -> None:
    def taken() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert record_due_notices(cast.alder)
        return len(queries)

    today, counts = timezone.localdate(), []
    for number in range(1, 4):
        for customer in (CustomerFactory(agency=cast.alder), CustomerFactory(agency=cast.alder, responsible=cast.stan)):
            for place in range(number):
                DomainFactory(customer=customer, expires_on=today + timedelta(days=3 + number), notify_customer=bool(place))
        counts.append(taken())
    # The first run has no e-mail to a customer.
    assert counts[1] == counts[2] <= 16
    with CaptureQueriesContext(connection) as queries:
        assert record_due_notices(cast.alder) == 0
    assert len(queries) == len(KINDS)


def test_agencies_without_deadlines_take_one_query_per_kind(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert len(list(notify_agencies())) == 2
    assert len(queries) == 1 + 2 * len(KINDS)
