"""Who imports, and how much at a time."""

import pytest
from django.test import Client

from customers.imports import runner
from tests.cast import Cast


@pytest.fixture
def max_(cast: Cast) -> Client:
    """A browser in which Max, manager at Alder, is signed in."""
    client = Client()
    client.force_login(cast.max)
    return client


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH_SIZE", 10)
