"""Fixtures for tests of invitations."""

import pytest
from django.test import Client

from tests.cast import Cast


@pytest.fixture
def kim(cast: Cast) -> Client:
    """Client signed in as Kim, a client of agencies."""
    client = Client()
    client.force_login(cast.kim)
    return client
