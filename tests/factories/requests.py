"""Factories for contact requests, saved replies and senders."""

import factory
from django.utils import timezone

from requests_inbox.models import ContactRequest, SavedReply, Sender, SenderStatus, sender_key
from tests.factories.agencies import AgencyFactory


class ContactRequestFactory(factory.django.DjangoModelFactory):
    """New request without e-mails."""

    class Meta:
        model = ContactRequest

    agency = factory.SubFactory(AgencyFactory)
    name = "Ute Größe"
    company = factory.Sequence(lambda n: f"Mill {n}")
    email = factory.Sequence(lambda n: f"prospect{n}@mills.example")
    message = "We need a new shop."
    sender_key = factory.LazyAttribute(lambda request: sender_key(request.email))
    submission = factory.Sequence(lambda n: f"submission {n}")
    consented_at = factory.LazyFunction(timezone.now)


class SenderFactory(factory.django.DjangoModelFactory):
    """Blocked sender."""

    class Meta:
        model = Sender

    agency = factory.SubFactory(AgencyFactory)
    key = factory.Sequence(lambda n: f"spammer{n}@mills.example")
    status = SenderStatus.BLOCKED


class SavedReplyFactory(factory.django.DjangoModelFactory):
    """English saved reply with placeholders."""

    class Meta:
        model = SavedReply

    agency = factory.SubFactory(AgencyFactory)
    title = factory.Sequence(lambda n: f"Thanks {n}")
    language = "en"
    text = "Hello {name},\n\nthank you.\n\nBest,\n{my name}"
