"""Factories of shared files and approvals."""

import hashlib
from typing import Any

import factory

from invitations.files.models.approvals import text_digest
from invitations.models import Approval, FileChunk, FileQuota, FileVersion, SharedFile
from tests.factories.customers import CustomerFactory

CONTENT = b"%PDF-1.7\nAn offer."


class VersionFactory(factory.django.DjangoModelFactory):
    """A version with its content in one chunk."""

    class Meta:
        model = FileVersion
        skip_postgeneration_save = True

    class Params:
        content = CONTENT

    agency = factory.SelfAttribute("file.agency")
    number = factory.LazyAttribute(lambda version: version.file.versions.count() + 1)
    name = "offer.pdf"
    content_type = "application/pdf"
    size = factory.LazyAttribute(lambda version: len(version.content))
    sha256 = factory.LazyAttribute(lambda version: hashlib.sha256(version.content).hexdigest())
    uploaded_by = factory.SelfAttribute("file.uploaded_by")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        FileQuota.objects.ensure(kwargs["agency"])
        return super()._create(model_class, *args, **kwargs)

    @factory.post_generation
    def chunk(version: Any, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        FileChunk.objects.create(version=version, number=0, data=CONTENT if version.size == len(CONTENT) else b"x" * version.size)


class SharedFileFactory(factory.django.DjangoModelFactory):
    """A file of the agency that is shared, with one version."""

    class Meta:
        model = SharedFile
        skip_postgeneration_save = True

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    title = "Offer"
    area = "hosting"
    is_shared = True
    version = factory.RelatedFactory(VersionFactory, "file")


class TextApprovalFactory(factory.django.DjangoModelFactory):
    """An open request to approve a text."""

    class Meta:
        model = Approval

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    title = "Home page"
    text = "Welcome to our shop."
    area = "hosting"
    sha256 = factory.LazyAttribute(lambda approval: text_digest(approval.text))
