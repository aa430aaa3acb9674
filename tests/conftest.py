"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from zeal import zeal_context

from tests.cast import Cast


@pytest.fixture(autouse=True)
def _no_n_plus_one() -> Iterator[None]:
    """A loop that queries for each row fails the test in which it happens."""
    with zeal_context():
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    """Agency Alder with its people, agency Birch with Charlie."""
    return Cast()


@pytest.fixture
def alice(cast: Cast) -> Client:
    """A browser in which Alice, owner of Alder, is signed in."""
    client = Client()
    client.force_login(cast.alice)
    return client


@pytest.fixture
def stan(cast: Cast) -> Client:
    """A browser in which Stan, staff at Alder, is signed in."""
    client = Client()
    client.force_login(cast.stan)
    return client


@pytest.fixture
def charlie(cast: Cast) -> Client:
    """A browser in which Charlie, owner of Birch, is signed in."""
    client = Client()
    client.force_login(cast.charlie)
    return client


@pytest.fixture
def clean_cache() -> None:
    """An empty cache; each parallel test process has a Redis database of its own."""
    cache.clear()
