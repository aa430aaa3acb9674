"""Plans of the slowest queries: each uses an index of the agency, and none sorts or reads a large table.

The tests of each search check its own index, which needs more rows.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from customers.models import Contract, Customer, CustomerWord, Domain, Task
from customers.models.words import _SIMILAR
from customers.queries.lists import matching
from partnerportal.agencies.models import Agency
from partnerportal.core.search import fuzzy_threshold
from partnerportal.desk.sections import dated_rows
from reviews.models import ReviewRequest
from reviews.queries.stats import agency_with_stats
from tests.cast import Cast

#: Customers of the agency; the other one has as many.
ROWS = 600
#: Maximum number of rows that a sort may read.
MAX_SORTED = 100


@pytest.fixture
def full(cast: Cast) -> Agency:
    """An agency with rows of each type, and statistics about them."""
    today = timezone.localdate()
    for agency in (cast.alder, cast.birch):
        names = (f"{'Müller' if n % 20 == 0 else f'Firm {n * 7919}'} GmbH" for n in range(ROWS))
        customers = Customer.objects.bulk_create(Customer(agency=agency, number=2000 + n, company=name) for n, name in enumerate(names))
        for model, fields in (
            (Task, {"title": "Call", "due_on": today}),
            (Contract, {"number": "V-1", "ends_on": today}),
            (Domain, {"expires_on": today}),
        ):
            rows = (model(agency=agency, customer=customer, **fields) for customer in customers)
            model.objects.bulk_create(rows if model is not Domain else _named(rows))
        ReviewRequest.objects.bulk_create(_requests(agency, customers))
    with connection.cursor() as cursor:
        # As if the tables were as large as in practice, and scattered on the disk.
        tables = ", ".join(model._meta.db_table for model in (Customer, CustomerWord, Task, Contract, Domain, ReviewRequest))
        cursor.execute(f"ANALYZE {tables}; SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
    return cast.alder


def _named(domains: Iterator[Any]) -> Iterator[Any]:
    for number, domain in enumerate(domains):
        domain.name = domain.unicode_name = f"d{number}.example"
        yield domain


def _requests(agency: Agency, customers: list[Customer]) -> Iterator[ReviewRequest]:
    for number, customer in enumerate(customers):
        expiry = timezone.now() + timedelta(days=number % 90 - 80)
        yield ReviewRequest(
            agency=agency, customer=customer, nonce=f"{agency.pk}-{number}", token_digest=f"{agency.pk}-{number}", expires_at=expiry
        )


def plan_of(sql: str, params: Any) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        (plans,) = cursor.fetchone()
    plan: dict[str, Any] = (json.loads(plans) if isinstance(plans, str) else plans)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def check(plan: dict[str, Any], *indexes: str) -> None:
    """Assert that the plan uses one of these indexes, reads no large table and sorts few rows."""
    found = list(nodes(plan))
    assert [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"] == []
    assert [node for node in found if "Sort" in node["Node Type"] and node["Plans"][0]["Actual Rows"] > MAX_SORTED] == []
    used = {node.get("Index Name") for node in found}
    assert used & set(indexes), used


def queries(agency: Agency) -> dict[str, tuple[QuerySet[Any], tuple[str, ...]]]:
    customers, today = Customer.objects.for_agency(agency), timezone.localdate()
    return {
        "customers": (customers.active().order_by("-number")[:26], ("customer_by_number", "customer_number_once_per_agency")),
        "customers by name": (customers.not_erased().order_by("sort_name", "number")[:26], ("customer_by_name",)),
        "tasks": (Task.objects.filter(agency=agency, done_at=None).order_by("sort_date", "pk")[:26], ("task_open_by_due_date",)),
        "task search": (matching(Task.objects.filter(agency=agency, done_at=None), "backup", agency), ("task_search",)),
        "domains": (Domain.objects.filter(agency=agency).order_by("sort_date", "pk")[:26], ("domain_by_expiry",)),
        "expiring domains": (
            Domain.objects.filter(agency=agency, auto_renew=False, sort_date__lte=today).order_by("sort_date")[:5],
            ("domain_to_renew",),
        ),
        "contracts": (
            Contract.objects.filter(agency=agency, status="active").order_by("sort_date", "pk")[:26],
            ("contract_active_by_end", "contract_by_end"),
        ),
        "customers with open tasks": (
            customers.active().filter(pk__in=Task.objects.filter(agency=agency, done_at=None).values("customer")).order_by("-number")[:26],
            ("customer_by_number", "customer_number_once_per_agency"),
        ),
        "dashboard of a manager": (
            dated_rows.build("manager", 7, "overdue", "week", agency=agency.pk, user=1, today=today, sunday=today, horizon=today),
            ("task_open_by_due_date",),
        ),
        "pending review requests": (
            ReviewRequest.objects.pending().filter(agency=agency).order_by("expires_at")[:5],
            ("review_request_pending",),
        ),
        "review statistics": (
            agency_with_stats.build("UTC", agency=agency.pk, start=timezone.now() - timedelta(days=365), now=timezone.now()),
            ("review_request_pending",),
        ),
    }


def test_the_slowest_queries_use_indexes_that_begin_with_the_agency(full: Agency) -> None:
    for name, (queryset, indexes) in queries(full).items():
        sql, params = queryset.query.sql_with_params()
        try:
            check(plan_of(sql, params), *indexes)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    with connection.cursor() as cursor:
        # In a table this small, the planner prefers the unique index, which only narrows by agency.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE customers_customerword DROP CONSTRAINT customer_word_once_per_agency")
    with fuzzy_threshold():
        plan = plan_of(_SIMILAR, [["mueler"], full.pk, 5])
    check(plan, "customer_word_search")
