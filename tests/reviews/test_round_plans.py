"""Plans of the queries of rounds and automatic requests, and the memory that a large round takes."""

import tracemalloc
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from customers.models import Customer, CustomerTag, Project, Tag
from partnerportal.agencies.models import Agency
from reviews.models import AutomaticRequests, ReviewRequest, ReviewRound, RoundEntry
from reviews.rounds import runner
from reviews.rounds.queries import automatic_projects, selected_customers, with_reason
from reviews.rounds.services import plan_round
from tests.cast import Cast
from tests.customers.test_deadline_plans import plan_of

#: Customers in each of two agencies; one in `RARE` is selected.
ROWS, RARE = 2_000, 50
#: Joins that read whole tables, which the planner may prefer while they are small.
JOINS = ("hashjoin", "mergejoin", "material", "bitmapscan")


def fill(agency: Agency, number: int, *, first: int = 1001) -> list[Customer]:
    """Add customers with a completed project, one in `RARE` recently, and half of them with a request."""
    customers = Customer.objects.bulk_create(
        Customer(agency=agency, number=first + n, company=f"Firm {n}", email=f"c{agency.pk}-{first + n}@clients.example")
        for n in range(number)
    )
    now = timezone.now()
    Project.objects.bulk_create(
        Project(agency=agency, customer=customer, title="Shop", status="done", completed_at=now - timedelta(days=900 if n % RARE else 9))
        for n, customer in enumerate(customers)
    )
    ReviewRequest.objects.bulk_create(
        ReviewRequest(
            agency=agency,
            customer=customer,
            status="open" if n % 2 else "answered",
            answered_at=None if n % 2 else now,
            token_digest=f"{customer.pk:064}",
        )
        for n, customer in enumerate(customers[::2])
    )
    ReviewRequest.objects.filter(agency=agency).update(created_at=now - timedelta(days=500))
    return customers


@pytest.fixture
def full(cast: Cast) -> ReviewRound:
    """A running round over an agency's customers, half of which were asked."""
    for agency in (cast.alder, cast.birch):
        customers = fill(agency, ROWS)
        tag = Tag.objects.create(agency=agency, name="Shop")
        CustomerTag.objects.bulk_create(CustomerTag(agency=agency, customer=customer, tag=tag) for customer in customers[::RARE])
        review_round = ReviewRound.objects.create(
            agency=agency, name="Large", status="running", started_at=timezone.now(), completed_since=date(2026, 1, 1), tag_id=tag.pk
        )
        RoundEntry.objects.bulk_create(
            RoundEntry(agency=agency, round=review_round, customer=customer, outcome="waiting" if n > ROWS / 2 else "requested")
            for n, customer in enumerate(customers)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer, customers_project, customers_customertag, reviews_reviewrequest, reviews_roundentry")
    return ReviewRound.objects.get(agency=cast.alder)


def scans(nodes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
    return {node["Index Name"]: node for node in nodes if "Index Name" in node}


def test_the_next_customer_is_the_first_row_of_an_index(full: ReviewRound) -> None:
    found = scans(plan_of(full.entries.filter(outcome="waiting").order_by("pk")[:1], *JOINS))
    (scan,) = found.values()
    assert set(found) == {"round_entry_by_outcome"}
    assert scan["Actual Rows"] == 1
    assert "outcome" in scan["Index Cond"]


def test_a_batch_is_a_range_of_customers_with_lookups(full: ReviewRound) -> None:
    for change in ({}, {"tag_id": None}, {"tag_id": None, "completed_since": None}):
        vars(full).update(change)
        rows = with_reason(selected_customers(full).filter(number__gt=1500, number__lte=3000), full).order_by("number")[:100]
        found = scans(plan_of(rows, *JOINS))
        requests = [scan for name, scan in found.items() if scan["Relation Name"] == "reviews_reviewrequest"]
        assert requests and all("customer_id" in scan["Index Cond"] or "project_id" in scan["Index Cond"] for scan in requests)
        projects = [name for name, scan in found.items() if scan["Relation Name"] == "customers_project"]
        assert set(projects) <= {"project_completed_of_customer", "project_completed"}
        assert bool(projects) == bool(full.completed_since)
        # Requests also count if they stayed with a customer that was merged into this one.
        assert "merged_into_id" in found.pop("customer_merged")["Index Cond"]
        (customers,) = [scan for scan in found.values() if scan["Relation Name"] == "customers_customer"]
        assert "number" in customers["Index Cond"] or "id" in customers["Index Cond"]


def test_due_automatic_requests_are_a_range_of_an_index(full: ReviewRound) -> None:
    agency, now = full.agency, timezone.now()
    AutomaticRequests.objects.create(agency=agency, enabled_at=now - timedelta(days=30))
    due = automatic_projects(agency).filter(automatic_request=None, completed_at__lte=now - timedelta(days=5))
    found = scans(plan_of(due.order_by("completed_at", "pk"), *JOINS))
    scan = found["project_completed"]
    assert "agency_id" in scan["Index Cond"] and "completed_at" in scan["Index Cond"]
    assert scan["Actual Rows"] == ROWS / RARE


def test_a_large_round_is_prepared_in_constant_memory(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH_SIZE", 100)
    fill(cast.alder, 400)
    fill(cast.birch, 1600)

    def peak(agency: Agency) -> int:
        review_round = plan_round(ReviewRound(agency=agency, name="Large"), by=cast.max, form_number="")
        tracemalloc.start()
        try:
            for _step in runner.steps(review_round.pk):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            assert review_round.entries.count() == agency.customers.count()

    peak(cast.alder)
    small, large = peak(cast.alder), peak(cast.birch)
    assert large < 1.5 * small
