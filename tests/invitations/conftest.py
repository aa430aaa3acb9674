"""Browsers of clients."""

import pytest
from django.test import Client

from tests.cast import Cast


@pytest.fixture
def kim(cast: Cast) -> Client:
    """A browser in which Kim, a client, is signed in."""
    client = Client()
    client.force_login(cast.kim)
    return client
