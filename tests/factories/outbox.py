"""Factory of e-mails."""

import factory

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_mail


class MailFactory(factory.django.DjangoModelFactory):
    """An e-mail queued by the service."""

    class Meta:
        model = OutgoingMail

    kind = "test"
    to = factory.Sequence(lambda n: f"somebody{n}@clients.example")
    subject = factory.Sequence(lambda n: f"Letter {n}")
    text = "Hello"
    html = "<p>Hello</p>"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return queue_mail(*args, **kwargs)
