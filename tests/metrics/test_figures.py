"""The figures of `/metrics`: requests, the outbox, rate limits, and outages."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partnerportal.core.rate_limits import RateLimit, RateLimitExceeded, check_rate_limits
from partnerportal.core.redis_connection import redis_connection
from partnerportal.outbox import queries
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.queries import outbox_figures
from tests.cast import Cast
from tests.factories.outbox import MailFactory
from tests.metrics.conftest import Figures, key

pytestmark = pytest.mark.django_db


def increase(figures: Figures, before: dict[Any, float], name: str, **labels: str) -> float:
    return figures().get(key(name, **labels), 0) - before.get(key(name, **labels), 0)


def mail(**values: Any) -> None:
    """Create an e-mail in this state."""
    OutgoingMail.objects.filter(pk=MailFactory().pk).update(**values)


def test_responses_are_counted_by_route_and_status(figures: Figures, client: Client, cast: Cast) -> None:
    before = figures()
    client.get("/partners/")
    client.get("/partners/")
    client.get("/partners/nothing-here/")
    assert increase(figures, before, "portal_requests_total", route="network:directory", method="GET", status="200") == 2
    assert increase(figures, before, "portal_requests_total", route="network:profile", method="GET", status="404") == 1
    assert increase(figures, before, "portal_request_duration_seconds_count", route="network:directory") == 2


def test_time_in_the_database_is_counted(figures: Figures, client: Client, cast: Cast) -> None:
    before = figures()
    with CaptureQueriesContext(connection) as captured:
        client.get("/partners/")
        executed = len(captured)
    route = {"route": "network:directory"}
    assert increase(figures, before, "portal_request_database_queries_total", **route) == executed > 0
    spent = increase(figures, before, "portal_request_database_seconds_total", **route)
    assert 0 < spent < increase(figures, before, "portal_request_duration_seconds_sum", **route)


def test_visitors_create_no_labels(figures: Figures, client: Client, cast: Cast) -> None:
    """Labels contain no path, no token and no method that a visitor invented."""
    client.get("/r/S3cr3tT0kenOfThisLink/")
    client.get("/S3cr3tT0kenOfThisLink/")
    client.get("/static/S3cr3tT0kenOfThisLink.css")
    client.get("/healthz")
    client.get("/partners/S3cr3tT0kenOfThisLink/")
    before = figures()
    for number in range(20):
        client.get(f"/r/S3cr3tT0kenOfThisLink{number}/")
        client.get(f"/S3cr3tT0kenOfThisLink{number}/")
        client.get(f"/static/S3cr3tT0kenOfThisLink{number}.css")
        client.get(f"/partners/S3cr3tT0kenOfThisLink{number}/")
        client.generic(f"BREW{number}", "/healthz")
    after = figures()
    assert "S3cr3tT0ken" not in str(after)
    new = after.keys() - before.keys()
    assert {dict(labels)["route"] for _name, labels in new} <= {"desk:healthz"}
    assert {dict(labels).get("method", "other") for _name, labels in new} == {"other"}
    for route in ("unmatched", "static"):
        assert increase(lambda: after, before, "portal_requests_total", route=route, method="GET", status="404") == 20


def test_figures_of_the_outbox(figures: Figures, cast: Cast) -> None:
    now = timezone.now()
    OutgoingMail.objects.all().delete()
    mail(status="sent", sent_at=now)
    for _ in range(2):
        mail(status="failed")
    mail(status="failed", seen_at=now)
    mail(next_attempt_at=now + timedelta(hours=1), attempts=3)
    mail(next_attempt_at=now - timedelta(minutes=10), created_at=now - timedelta(hours=2))
    found = figures()
    expected = {"queued": 2, "retrying": 1, "failed": 2, "oldest_seconds": 7200, "overdue_seconds": 600}
    assert {name: found[key(f"portal_outbox_{name}")] for name in expected} == pytest.approx(expected, abs=60)


def test_an_empty_outbox_has_no_age(figures: Figures, cast: Cast) -> None:
    OutgoingMail.objects.all().delete()
    mail(next_attempt_at=Now() + timedelta(hours=1))
    # Not yet due.
    assert figures()[key("portal_outbox_overdue_seconds")] == 0
    OutgoingMail.objects.all().delete()
    found = figures()
    assert found[key("portal_outbox_queued")] == found[key("portal_outbox_oldest_seconds")] == 0


def test_counts_of_a_large_outbox_are_bounded(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    monkeypatch.setattr(queries, "MAX_COUNTED", 3)
    OutgoingMail.objects.all().delete()
    for _ in range(5):
        mail(status="queued")
        mail(status="failed")
    found = outbox_figures()
    assert (found.queued, found.failed) == (3, 3)


def test_figures_of_the_outbox_use_indexes(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
    with CaptureQueriesContext(connection) as captured:
        outbox_figures()
    plans = []
    for query in captured:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
    assert len(plans) == 2
    for plan, index in zip(plans, ("outbox_due", "outbox_failed"), strict=True):
        assert "Limit" in plan
        assert index in plan
        assert "Sort" not in plan
        # The condition of the index is that of the query, so that it reads no other rows.
        assert "Filter:" not in plan.replace("FILTER", "")


def test_rate_limit_hits_are_counted(figures: Figures) -> None:
    limit = RateLimit("test-metrics", times=1, seconds=60)
    check_rate_limits((limit, "kim@client.example"))
    for _ in range(2):
        with pytest.raises(RateLimitExceeded):
            check_rate_limits((limit, "kim@client.example"))
    found = figures()
    assert found[key("portal_rate_limit_hits_total", limit="test-metrics")] == 2
    assert "kim" not in str(found)
    redis_connection().delete(*redis_connection().keys("limit:test-metrics:*"))  # type: ignore[misc]


def test_nothing_is_counted_while_metrics_are_off(figures: Figures, metrics_on: Any) -> None:
    metrics_on.METRICS_ENABLED = False
    limit = RateLimit("test-off", times=0, seconds=60)
    with pytest.raises(RateLimitExceeded):
        check_rate_limits((limit, "kim"))
    assert key("portal_rate_limit_hits_total", limit="test-off") not in figures()


def test_an_outage_of_redis_is_a_figure(figures: Figures, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9"
    redis_connection.cache_clear()
    try:
        found = figures()
    finally:
        redis_connection.cache_clear()
    assert (found[key("portal_up", service="redis")], found[key("portal_up", service="database")]) == (0, 1)
    assert key("portal_outbox_queued") in found
    assert key("portal_beat_age_seconds") not in found


def test_an_outage_of_the_database_is_a_figure(figures: Figures, cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before; ALTER TABLE outbox_outgoingmail RENAME TO moved")
    try:
        # The failed statement would end the test's transaction.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("partnerportal.metrics.collector.outbox_figures", _in_savepoint)
            found = figures()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK TO SAVEPOINT before")
    assert (found[key("portal_up", service="redis")], found[key("portal_up", service="database")]) == (1, 0)


def _in_savepoint() -> queries.OutboxFigures:
    with transaction.atomic():
        return outbox_figures()
