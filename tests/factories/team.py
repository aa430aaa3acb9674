"""Factory of team invitations."""

import factory

from partnerportal.agencies.models import TeamInvitation
from tests.factories.agencies import AgencyFactory


class TeamInvitationFactory(factory.django.DjangoModelFactory):
    """A pending invitation as staff."""

    class Meta:
        model = TeamInvitation

    agency = factory.SubFactory(AgencyFactory)
    email = factory.Sequence(lambda n: f"joining{n}@people.example")
