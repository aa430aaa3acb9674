"""The cast that plays in most tests.

Agency Alder: Alice owns it, Max manages it, Stan is staff. Charlie owns agency Birch and has no access to Alder.
Kim is a client without any membership. Ada is an admin.
"""

from dataclasses import dataclass, field
from functools import cached_property

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Agency, Role
from tests.factories.accounts import UserFactory
from tests.factories.agencies import AgencyFactory, MembershipFactory, ProfileFactory


@dataclass
class Cast:
    """Everybody, made at once."""

    alder: Agency = field(init=False)
    birch: Agency = field(init=False)

    def __post_init__(self) -> None:
        self.alder, self.birch = AgencyFactory(name="Alder Web"), AgencyFactory(name="Birch Digital")
        ProfileFactory(agency=self.alder, slug="alder")
        ProfileFactory(agency=self.birch, slug="birch")
        self.alice = self._member(self.alder, "alice@alder.example", "Alice Alder", Role.OWNER)
        self.max = self._member(self.alder, "max@alder.example", "Max Meyer", Role.MANAGER)
        self.stan = self._member(self.alder, "stan@alder.example", "Stan Stein", Role.STAFF)
        self.charlie = self._member(self.birch, "charlie@birch.example", "Charlie Birch", Role.OWNER)

    @cached_property
    def kim(self) -> User:
        return UserFactory(email="kim@client.example", full_name="Kim Client")

    @cached_property
    def ada(self) -> User:
        return UserFactory(email="ada@portal.example", full_name="Ada Admin", is_staff=True, is_superuser=True)

    @staticmethod
    def _member(agency: Agency, email: str, name: str, role: Role) -> User:
        user = UserFactory(email=email, full_name=name)
        MembershipFactory(agency=agency, user=user, role=role)
        return user
