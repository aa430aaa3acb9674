"""Agencies and who works there."""

import factory
from django.utils import timezone

from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.network.models import PartnerProfile
from tests.factories.accounts import UserFactory


class AgencyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Agency

    name = factory.Sequence(lambda n: f"Agency {n}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    agency = factory.SubFactory(AgencyFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class ProfileFactory(factory.django.DjangoModelFactory):
    """A registered one."""

    class Meta:
        model = PartnerProfile

    agency = factory.SubFactory(AgencyFactory)
    slug = factory.Sequence(lambda n: f"agency-{n}")
    claim = "We build websites."
    city = "Hamburg"
    status = PartnerProfile.Status.REGISTERED
    registered_at = factory.LazyFunction(timezone.now)
