"""Factories of bulk actions."""

import factory
from django.utils import timezone

from customers.models import BulkJob
from tests.factories.agencies import AgencyFactory


class BulkJobFactory(factory.django.DjangoModelFactory):
    """A finished action that changed nothing."""

    class Meta:
        model = BulkJob

    agency = factory.SubFactory(AgencyFactory)
    action = "archive"
    up_to = 1000
    status = "done"
    progress_total = 0
    finished_at = factory.LazyFunction(timezone.now)
