"""Who is asked to join a team."""

import factory

from partnerportal.agencies.models import TeamInvitation
from tests.factories.agencies import AgencyFactory


class TeamInvitationFactory(factory.django.DjangoModelFactory):
    """One that waits; as staff."""

    class Meta:
        model = TeamInvitation

    agency = factory.SubFactory(AgencyFactory)
    email = factory.Sequence(lambda n: f"joining{n}@people.example")
