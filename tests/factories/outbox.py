"""E-mails in the outbox."""

import factory

from partnerportal.outbox.letters import Letter, RenderedLetter
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import queue_rendered


class MailFactory(factory.django.DjangoModelFactory):
    """An e-mail queued by the portal; `text` and `html` are its rendered bodies."""

    class Meta:
        model = OutgoingMail

    kind = "test"
    to = factory.Sequence(lambda n: f"somebody{n}@clients.example")
    subject = factory.Sequence(lambda n: f"Letter {n}")
    text = "Hello"
    html = "<p>Hello</p>"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        texts = RenderedLetter("Partner Portal", kwargs["subject"], kwargs.pop("text"), kwargs.pop("html"))
        return queue_rendered(Letter(**kwargs), texts)
