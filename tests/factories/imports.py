"""Factories of imports."""

import factory

from customers.models import ImportJob
from tests.factories.agencies import AgencyFactory


class ImportJobFactory(factory.django.DjangoModelFactory):
    """An uploaded file with one column of companies, but without its content."""

    class Meta:
        model = ImportJob

    agency = factory.SubFactory(AgencyFactory)
    file_name = "customers.csv"
    size = 0
    encoding = "utf-8-sig"
    delimiter = ","
    headings = ["company"]
    mapping = {"0": "company"}
