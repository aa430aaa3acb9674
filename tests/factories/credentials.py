"""Factories of the list of needs, of needs, and of credentials."""

import factory

from invitations.credentials.encryption import CredentialContent, seal
from invitations.credentials.models import AccessNeed, Credential, CredentialReveal, NeedTemplate
from tests.factories.agencies import AgencyFactory
from tests.factories.invitations import ConnectedFactory


class NeedTemplateFactory(factory.django.DjangoModelFactory):
    """An entry of an agency's list."""

    class Meta:
        model = NeedTemplate

    agency = factory.SubFactory(AgencyFactory)
    name = factory.Sequence(lambda n: f"Hosting {n}")
    area = "hosting"
    address = "access@agency.example"
    instructions = "The account at your provider."


class NeedFactory(factory.django.DjangoModelFactory):
    """What an agency needs from a client who has given access."""

    class Meta:
        model = AccessNeed

    invitation = factory.SubFactory(ConnectedFactory)
    name = "Hosting"
    area = "hosting"
    address = "access@agency.example"


class CredentialFactory(factory.django.DjangoModelFactory):
    """A credential that was handed over. `content` is encrypted."""

    class Meta:
        model = Credential
        exclude = ("content",)

    need = factory.SubFactory(NeedFactory)
    invitation = factory.SelfAttribute("need.invitation")
    area = factory.SelfAttribute("need.area")
    content = CredentialContent(username="kim-hosting", password="Pa55 word+of=Kim", url="https://panel.example", note="PIN 4711-0815")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        content = kwargs.pop("content", cls.content)
        credential = model_class(*args, **kwargs)
        if "sealed" not in kwargs and "deleted_at" not in kwargs:
            credential.sealed = seal(content, credential)
        credential.save(force_insert=True)
        return credential


class CredentialRevealFactory(factory.django.DjangoModelFactory):
    """A reveal of a credential."""

    class Meta:
        model = CredentialReveal

    credential = factory.SubFactory(CredentialFactory)
