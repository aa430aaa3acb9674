"""Fixtures for `/metrics`."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from partnerportal.core.redis_connection import redis_connection
from partnerportal.metrics.middleware import MetricsMiddleware

TOKEN = "a-token-of-more-than-sixteen-characters"

#: Returns all figures by their name and labels.
Figures = Callable[[], dict[tuple[str, frozenset[tuple[str, str]]], float]]


def parsed(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@pytest.fixture
def metrics_on(settings: Any) -> Any:
    """Metrics are on, with a token and empty shared counters."""
    settings.METRICS_TOKEN, settings.METRICS_ENABLED = TOKEN, True
    name = f"{MetricsMiddleware.__module__}.{MetricsMiddleware.__name__}"
    settings.MIDDLEWARE = [name, *settings.MIDDLEWARE]
    for stored in redis_connection().keys("metrics:*"):  # type: ignore[union-attr]
        redis_connection().delete(stored)
    return settings


@pytest.fixture
def figures(metrics_on: Any, client: Client) -> Figures:
    def request() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        return parsed(response.content.decode())

    return request
