"""Counters of a web process: requests by route, and the time that they spend in the database.

All labels come from the URLconf and from short lists, so that visitors can't create new ones.
"""

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from prometheus_client import CollectorRegistry, Counter, Histogram, multiprocess, values

#: Upper ends of the classes of durations, in seconds.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

#: The slot of this worker among gunicorn's workers (gunicorn.conf.py), or None in a process without others.
_SLOT = os.environ.get("METRICS_SLOT")
if _SLOT is not None:
    # A worker continues the files of its predecessor in the same slot. By default, each new process would add files, which
    # can't be deleted while their counters have to keep counting.
    values.ValueClass = values.MultiProcessValue(lambda: _SLOT)  # type: ignore[no-untyped-call]

_registry = CollectorRegistry()
REQUESTS = Counter("portal_requests", "Responses by route and status.", ("route", "method", "status"), registry=_registry)
DURATION = Histogram("portal_request_duration_seconds", "Duration of requests.", ("route",), buckets=BUCKETS, registry=_registry)
DATABASE_TIME = Counter("portal_request_database_seconds", "Time spent in statements of requests.", ("route",), registry=_registry)
DATABASE_QUERIES = Counter("portal_request_database_queries", "Statements of requests.", ("route",), registry=_registry)

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class StatementTimer:
    """Measures the statements of a request (`connection.execute_wrapper`)."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.queries = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        start = perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.seconds += perf_counter() - start
            self.queries += 1


def observe(request: HttpRequest, status: int, *, seconds: float, statements: StatementTimer) -> None:
    """Count a response."""
    route = route_of(request)
    method = request.method if request.method in _METHODS else "other"
    REQUESTS.labels(route, method, status).inc()
    DURATION.labels(route).observe(seconds)
    if statements.queries:
        DATABASE_TIME.labels(route).inc(statements.seconds)
        DATABASE_QUERIES.labels(route).inc(statements.queries)


def route_of(request: HttpRequest) -> str:
    """Return the name of the request's URL, which contains no part of the path."""
    if match := request.resolver_match:
        return match.view_name or "unnamed"
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"


def registry_of_all_workers() -> CollectorRegistry:
    """Return a new registry with the counters of all web processes of this gunicorn."""
    registry = CollectorRegistry()
    if _SLOT is None:
        registry.register(_registry)
    else:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
