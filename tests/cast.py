"""The cast of most tests.

Agency Alder: Alice owns it, Max manages it, Stan is staff. Charlie owns agency Birch and has no access to Alder.
Kim is a client without any membership. Ada is an admin.
"""

from dataclasses import dataclass, field
from functools import cached_property

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Membership, Role
from partnerportal.network.models import OfferedService, PartnerProfile, Service
from partnerportal.network.services.search import update_search_texts
from tests.factories.accounts import UserFactory, saved
from tests.factories.agencies import ProfileFactory, ServiceFactory


@dataclass
class Cast:
    """All users and agencies of the cast."""

    alder: Agency = field(init=False)
    birch: Agency = field(init=False)
    alice: User = field(init=False)
    max: User = field(init=False)
    stan: User = field(init=False)
    charlie: User = field(init=False)

    def __post_init__(self) -> None:
        # Uses few queries, because most tests create a cast.
        self.alder, self.birch = Agency.objects.bulk_create([Agency(name="Alder Web"), Agency(name="Birch Digital")])
        profiles = ProfileFactory.build(agency=self.alder, slug="alder"), ProfileFactory.build(agency=self.birch, slug="birch")
        services = Service.objects.bulk_create(ServiceFactory.build() for _ in profiles)
        PartnerProfile.objects.bulk_create(profiles)
        OfferedService.objects.bulk_create(OfferedService(profile=one, service=two) for one, two in zip(profiles, services, strict=True))
        update_search_texts(PartnerProfile.objects.all())
        members = [
            (self.alder, "alice@alder.example", "Alice Alder", Role.OWNER),
            (self.alder, "max@alder.example", "Max Meyer", Role.MANAGER),
            (self.alder, "stan@alder.example", "Stan Stein", Role.STAFF),
            (self.birch, "charlie@birch.example", "Charlie Birch", Role.OWNER),
        ]
        people = saved(*(UserFactory.build(email=email, full_name=name) for _, email, name, _ in members))
        Membership.objects.bulk_create(
            Membership(agency=agency, user=user, role=role) for (agency, _, _, role), user in zip(members, people, strict=True)
        )
        self.alice, self.max, self.stan, self.charlie = people

    @cached_property
    def kim(self) -> User:
        return UserFactory(email="kim@client.example", full_name="Kim Client")

    @cached_property
    def ada(self) -> User:
        return UserFactory(email="ada@portal.example", full_name="Ada Admin", is_staff=True, is_superuser=True)
