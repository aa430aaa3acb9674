"""Factories of agencies, members and profiles."""

from io import BytesIO

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.network.models import LegalPage, Operator, PartnerProfile, ProfileLogo, Service, SpokenLanguage, WorkPicture, WorkSample
from partnerportal.network.services.logos import process_logo
from partnerportal.network.services.search import update_search_texts
from partnerportal.network.services.work import process_work_picture
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


class ServiceFactory(factory.django.DjangoModelFactory):
    """A service that isn't part of the predefined list."""

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


class ProfileFactory(factory.django.DjangoModelFactory):
    """A complete and registered profile."""

    class Meta:
        model = PartnerProfile
        skip_postgeneration_save = True

    agency = factory.SubFactory(AgencyFactory)
    slug = factory.Sequence(lambda n: f"agency-{n}")
    tagline = "We build websites."
    city = "Hamburg"
    status = PartnerProfile.Status.REGISTERED
    registered_at = factory.LazyFunction(timezone.now)
    description = "Websites, shops, newsletters."
    contact_email = factory.LazyAttribute(lambda profile: f"hello@{profile.slug}.example")
    privacy_url = factory.LazyAttribute(lambda profile: f"https://{profile.slug}.example/privacy/")

    @factory.post_generation
    def services(self, create, extracted):
        """Add a service by default."""
        if create:
            self.services.set([ServiceFactory()] if extracted is None else extracted)
            update_search_texts(PartnerProfile.objects.filter(pk=self.pk))


class LogoFactory(factory.django.DjangoModelFactory):
    """A logo that is a red square."""

    class Meta:
        model = ProfileLogo

    profile = factory.SubFactory(ProfileFactory)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        logo = process_logo(picture())
        profile = kwargs["profile"]
        PartnerProfile.objects.filter(pk=profile.pk).update(logo_digest=logo.digest, tint=logo.tint)
        profile.refresh_from_db()
        return model_class.objects.create(profile=profile, digest=logo.digest, content=logo.content)


def picture(size=(64, 64), colour="red", kind="PNG", **options):
    """Return an uploaded picture."""
    stream = BytesIO()
    Image.new("RGB", size, colour).save(stream, kind, **options)
    return ContentFile(stream.getvalue(), name=f"logo.{kind.lower()}")


class WorkSampleFactory(factory.django.DjangoModelFactory):
    """A work sample in the next position, whose picture is of one colour."""

    class Meta:
        model = WorkSample

    profile = factory.SubFactory(ProfileFactory)
    title = factory.Sequence(lambda n: f"Website {n}")
    alt_text = "A website"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        number = kwargs["profile"].work_samples.count() + 1
        processed = process_work_picture(picture(size=(600, 400), colour=(60 * number, 0, 0)))
        sample = model_class.objects.create(position=number, digest=processed.digest, **kwargs)
        WorkPicture.objects.create(sample=sample, large=processed.large, small=processed.small)
        return sample


class OperatorFactory(factory.django.DjangoModelFactory):
    """An operator with a name, a colour and a logo."""

    class Meta:
        model = Operator
        django_get_or_create = ("id",)

    id = 1
    name = "Agencies of the North"
    tint = 10

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        logo = process_logo(picture())
        return super()._create(model_class, *args, logo_digest=logo.digest, logo_content=logo.content, **kwargs)


class LegalPageFactory(factory.django.DjangoModelFactory):
    """A published imprint."""

    class Meta:
        model = LegalPage
        django_get_or_create = ("kind", "language")

    kind = "imprint"
    language = "en"
    text = "Northern Agencies Ltd\n1 Harbour Road\n\n## Contact\n\nhello@north.example and https://north.example/"
