"""Factories of access invitations and access requests."""

from datetime import timedelta

import factory
from django.utils import timezone

from invitations.models import AccessInvitation, AccessRequest
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory
from tests.factories.customers import CustomerFactory


class InvitationFactory(factory.django.DjangoModelFactory):
    """A pending invitation."""

    class Meta:
        model = AccessInvitation

    agency = factory.SubFactory(AgencyFactory)
    client = factory.SubFactory(UserFactory)
    name = "Kim Client"
    company = factory.Sequence(lambda n: f"Client company {n}")
    city = "Köln"


class ConnectedFactory(InvitationFactory):
    """A connected invitation."""

    agency = factory.SelfAttribute("customer.agency")
    customer = factory.SubFactory(CustomerFactory)
    status = AccessInvitation.Status.CONNECTED
    connected_at = factory.LazyFunction(timezone.now)

    class Params:
        #: Access that ends in a few weeks.
        ends = factory.Trait(term="month", ends_on=factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=25)))


class AccessRequestFactory(factory.django.DjangoModelFactory):
    """A pending access request."""

    class Meta:
        model = AccessRequest

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    email = factory.SelfAttribute("customer.email")
