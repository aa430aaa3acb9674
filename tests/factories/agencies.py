"""Agencies and who works there."""

import factory
from django.utils import timezone

from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.network.models import PartnerProfile, Service, SpokenLanguage
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


class ServiceFactory(factory.django.DjangoModelFactory):
    """One that no list brings along."""

    class Meta:
        model = Service

    name_en = factory.Sequence(lambda n: f"Service {n}")
    name_de = factory.Sequence(lambda n: f"Leistung {n}")


class LanguageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SpokenLanguage

    name_en = factory.Sequence(lambda n: f"Language {n}")
    name_de = factory.Sequence(lambda n: f"Sprache {n}")
    code = factory.Sequence(lambda n: f"x-{n}")
