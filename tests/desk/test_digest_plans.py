"""Plans of the digest's queries: each uses an index with which it reads only rows of the agency that it needs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from customers.models import Contract, Customer, Domain, Project, Task
from partnerportal.agencies.models import Agency, DigestItem, Membership, Notification
from partnerportal.desk.digest import queries
from partnerportal.desk.digest.models import DigestRun
from reviews.models import Review
from tests.cast import Cast, StoredCast
from tests.factories.requests import ContactRequestFactory
from tests.factories.reviews import ReviewFactory
from tests.test_plans import nodes, plan_of

#: Rows of each table and agency.
ROWS = 300
DATED: dict[str, tuple[type[Model], dict[str, Any]]] = {
    "task": (Task, {"title": "Call", "due_on": None}),
    "project": (Project, {"title": "Website", "due_on": None}),
    "domain": (Domain, {"expires_on": None}),
    "contract": (Contract, {"number": "V-1", "ends_on": None}),
}


# Each test is rolled back within the transaction of the fixture `agency`.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def agency(stored_cast: StoredCast, django_db_blocker: Any) -> Iterator[Agency]:
    """An agency with rows that are due over ten months. PostgreSQL reads no table as a whole if there is an index."""
    with django_db_blocker.unblock(), transaction.atomic():
        cast = stored_cast.copy()
        fill(cast)
        yield cast.alder
        transaction.set_rollback(True)


def fill(cast: Cast) -> None:
    today = timezone.localdate()
    for agency in (cast.alder, cast.birch):
        customers = Customer.objects.bulk_create(Customer(agency=agency, number=2000 + n, company=f"Firm {n}") for n in range(ROWS))
        for model, fields in DATED.values():
            [name] = [name for name, value in fields.items() if value is None]
            days = [today + timedelta(days=number) for number in range(ROWS)]
            rows: list[Any] = [
                model(agency=agency, customer=customer, **{**fields, name: day}) for customer, day in zip(customers, days, strict=True)
            ]
            if model is Domain:
                for number, row in enumerate(rows):
                    row.name = row.unicode_name = f"d{number}.example"
            model.objects.bulk_create(rows)  # type: ignore[attr-defined]
    ReviewFactory.create_batch(30, review_request__customer__agency=cast.alder)
    members = list(Membership.objects.all())
    days = [today - timedelta(days=number) for number in range(ROWS)]
    DigestRun.objects.bulk_create(
        DigestRun(membership=member, local_date=day, created_at=timezone.now()) for member in members for day in days
    )
    DigestItem.objects.bulk_create(
        DigestItem(membership=member, kind=Notification.REVIEWS, object_id=number) for member in members for number in range(ROWS)
    )
    tables = ", ".join(model._meta.db_table for model in (Customer, Task, Project, Contract, Domain, Review, DigestRun, DigestItem))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_review SET created_at = created_at - id * interval '1 day'")
        cursor.execute(f"ANALYZE {tables}; SET LOCAL enable_seqscan = off; SET LOCAL jit = off")


def conditions(rows: QuerySet[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the node, index and index condition of each node of the plan that reads a table."""
    for node in nodes(plan_of(*rows.query.sql_with_params())):
        if "Scan" in node["Node Type"]:
            yield node["Node Type"], node.get("Index Name", ""), node.get("Index Cond", "")


def assert_index(rows: QuerySet[Any], *columns: str) -> None:
    """Assert that no table is read as a whole, and that an index is searched by these columns."""
    found = list(conditions(rows))
    assert "Seq Scan" not in {node for node, _index, _condition in found}, found
    assert any(all(column in condition for column in columns) for _node, _index, condition in found), found


@pytest.mark.parametrize("kind", DATED)
def test_dated_rows(agency: Agency, kind: str) -> None:
    today = timezone.localdate()
    rows = queries.dated_rows.build(kind, agency=agency.pk, today=today, sunday=today + timedelta(days=6))
    assert_index(rows, "agency_id", "sort_date")


def test_waiting_requests(agency: Agency) -> None:
    ContactRequestFactory.create_batch(30, agency=agency)
    with connection.cursor() as cursor:
        # The planner would sort by this index if the table had few other rows.
        cursor.execute("DROP INDEX requests_inbox_contactrequest_assignee_id_4d684c48; ANALYZE requests_inbox_contactrequest")
    rows = queries.waiting_requests.build(agency=agency.pk)
    assert_index(rows, "agency_id")


def test_new_reviews(agency: Agency) -> None:
    now = timezone.now()
    rows = Review.objects.counted().filter(agency=agency, created_at__gte=now - timedelta(days=1), created_at__lt=now)
    assert_index(rows, "agency_id", "created_at")


def test_records_and_items_of_members(agency: Agency) -> None:
    keys = list(agency.memberships.values_list("pk", flat=True))
    assert_index(DigestItem.objects.filter(membership__in=keys), "membership_id")
    assert_index(DigestRun.objects.filter(membership=keys[0]).order_by("-local_date")[:1], "membership_id")
    assert_index(DigestRun.objects.filter(local_date__lt=timezone.localdate() - timedelta(days=290)), "local_date")
