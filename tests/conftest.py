"""Fixtures for all tests."""

import pytest
from django.core.cache import cache
from django.test import Client

from tests.cast import Cast


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
