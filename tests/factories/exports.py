"""Factories of exports."""

import factory

from customers.models import ExportJob
from tests.factories.agencies import AgencyFactory


class ExportJobFactory(factory.django.DjangoModelFactory):
    """A finished export with an empty file."""

    class Meta:
        model = ExportJob

    agency = factory.SubFactory(AgencyFactory)
    delimiter = ","
    status = "ready"
    progress_total = 0
