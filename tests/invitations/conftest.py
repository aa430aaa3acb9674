"""Fixtures for tests of invitations."""

import pytest
from django.test import Client

from customers.models import Customer, Project
from invitations.models import AccessInvitation
from tests.cast import Cast
from tests.factories.customers import CustomerFactory, ProjectFactory
from tests.factories.invitations import ConnectedFactory


@pytest.fixture
def kim(cast: Cast) -> Client:
    """Client signed in as Kim, a client of agencies."""
    client = Client()
    client.force_login(cast.kim)
    return client


@pytest.fixture
def customer(cast: Cast) -> Customer:
    """Customer for whom Kim has given access, with Stan as the account manager."""
    return CustomerFactory(agency=cast.alder, company="Lea GmbH", email="kim@client.example", responsible=cast.stan)


@pytest.fixture
def given(cast: Cast, customer: Customer) -> AccessInvitation:
    """Access that ends in a few weeks."""
    return ConnectedFactory(customer=customer, client=cast.kim, company="Lea GmbH", ends=True)


@pytest.fixture
def project(customer: Customer) -> Project:
    """Open project that the agency shares with its client."""
    return ProjectFactory(customer=customer, title="Relaunch", status="active", is_shared=True)
