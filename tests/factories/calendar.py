"""Factory of calendar feeds."""

import factory

from partnerportal.agencies.models import Membership
from partnerportal.desk.models import CalendarFeed
from tests.factories.agencies import AgencyFactory


class CalendarFeedFactory(factory.django.DjangoModelFactory):
    """The feed of the agency's first member."""

    class Meta:
        model = CalendarFeed

    member = factory.LazyAttribute(lambda feed: Membership.objects.filter(agency=feed.agency).order_by("pk")[0])
    agency = factory.SubFactory(AgencyFactory)
    whose = "all"
