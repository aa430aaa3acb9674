"""Factories of pairs, searches and merges."""

import factory

from customers.merging.services import merge_customers
from customers.models import CustomerPair, MergeLog, PairSearch
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory
from tests.factories.customers import CustomerFactory


class CustomerPairFactory(factory.django.DjangoModelFactory):
    """Two customers with the same e-mail address."""

    class Meta:
        model = CustomerPair

    agency = factory.SubFactory(AgencyFactory)
    first = factory.SubFactory(CustomerFactory, agency=factory.SelfAttribute("..agency"))
    second = factory.SubFactory(CustomerFactory, agency=factory.SelfAttribute("..agency"))
    score = 50
    reasons = ["email"]
    search = 1


class PairSearchFactory(factory.django.DjangoModelFactory):
    """A finished search."""

    class Meta:
        model = PairSearch

    agency = factory.SubFactory(AgencyFactory)
    status = "done"


class MergeLogFactory(factory.django.DjangoModelFactory):
    """A merge by the service."""

    class Meta:
        model = MergeLog

    agency = factory.SubFactory(AgencyFactory)
    first = factory.SubFactory(CustomerFactory, agency=factory.SelfAttribute("..agency"))
    second = factory.SubFactory(CustomerFactory, agency=factory.SelfAttribute("..agency"))
    by = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class, *args, agency, **kwargs):
        return merge_customers(kwargs["first"], kwargs["second"], values={}, by=kwargs["by"])
