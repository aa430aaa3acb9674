"""Factories of messages."""

import factory

from invitations.models import Message, ReadMark
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory


class MessageFactory(factory.django.DjangoModelFactory):
    """A message from a client."""

    class Meta:
        model = Message

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    author = factory.SubFactory(UserFactory)
    author_name = "Kim Client"
    side = "client"
    text = factory.Sequence(lambda n: f"Message {n}")


class ReadMarkFactory(factory.django.DjangoModelFactory):
    """The mark of a person with an unread message."""

    class Meta:
        model = ReadMark

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    user = factory.SubFactory(UserFactory)
    unread = 1
