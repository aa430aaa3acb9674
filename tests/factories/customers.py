"""Factories of customers and their items."""

import factory

from customers.models import Contact, Contract, Customer, CustomerTag, CustomField, Domain, Note, Project, Tag, Task
from customers.services.customers import create_customer
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory


class CustomerFactory(factory.django.DjangoModelFactory):
    """A customer created by the service, with number and audit event."""

    class Meta:
        model = Customer

    agency = factory.SubFactory(AgencyFactory)
    by = factory.SubFactory(UserFactory)
    kind = Customer.Kind.COMPANY
    company = factory.Sequence(lambda n: f"Company {n} GmbH")
    first_name = "Lea"
    last_name = "Brandt"
    email = factory.Sequence(lambda n: f"customer{n}@clients.example")
    language = "en"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return create_customer(*args, **kwargs)


class ContactFactory(factory.django.DjangoModelFactory):
    """A contact that isn't the primary one, which each customer has."""

    class Meta:
        model = Contact

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    first_name = "Olga"
    last_name = factory.Sequence(lambda n: f"Orlow {n}")
    email = factory.Sequence(lambda n: f"contact{n}@clients.example")


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag

    agency = factory.SubFactory(AgencyFactory)
    name = factory.Sequence(lambda n: f"Tag {n}")


class CustomerTagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CustomerTag

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    tag = factory.SubFactory(TagFactory, agency=factory.SelfAttribute("..agency"))


class CustomFieldFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CustomField

    agency = factory.SubFactory(AgencyFactory)
    name = factory.Sequence(lambda n: f"Field {n}")
    kind = "text"
    position = factory.LazyAttribute(lambda field: CustomField.objects.filter(agency=field.agency).count() + 1)


class ProjectFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Project

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    title = factory.Sequence(lambda n: f"Project {n}")


class TaskFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Task

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    title = factory.Sequence(lambda n: f"Task {n}")


class DomainFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Domain

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    name = factory.Sequence(lambda n: f"domain{n}.example")


class ContractFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contract

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    number = factory.Sequence(lambda n: f"V-{n}")


class NoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Note

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")
    text = factory.Sequence(lambda n: f"Note {n}")
