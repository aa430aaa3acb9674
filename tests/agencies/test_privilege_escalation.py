"""Attempts of removed members to return, and concurrent changes of a team."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership, Role, TeamInvitation
from partnerportal.agencies.services import team, team_invitations
from partnerportal.core.pending import InvalidTransition
from tests.agencies.test_second_factor import with_app
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import CustomerFactory, TaskFactory
from tests.factories.review_states import in_state

TEAM = "/company/team/"
BACK_DOOR = "olga@freemail.example"


@pytest.fixture
def olga(cast: Cast) -> User:
    """Return a second owner, who invited her own private address. Alice has invited Nina."""
    olga: User = UserFactory(email="olga@alder.example", full_name="Olga")
    MembershipFactory(agency=cast.alder, user=olga, role=Role.OWNER)
    team_invitations.invite(cast.alder, email=BACK_DOOR, role=Role.OWNER, by=olga)
    team_invitations.invite(cast.alder, email="nina@people.example", role=Role.STAFF, by=cast.alice)
    return olga


@pytest.mark.parametrize("what", ["remove", "role"])
def test_removing_or_demoting_an_owner_withdraws_their_invitations(cast: Cast, alice: Client, olga: User, what: str) -> None:
    page = f"{TEAM}{olga.memberships.get().pk}/{what}/"
    assert ("are withdrawn" in alice.get(page).content.decode()) == (what == "remove")
    assert alice.post(page, {"role": "manager"}).status_code == 302
    waiting = cast.alder.team_invitations.pending()
    assert [invitation.email for invitation in waiting] == ["nina@people.example"]
    back_door = cast.alder.team_invitations.get(email=BACK_DOOR)
    assert Client().get("/" + str(back_door.link).split("/", 3)[3]).status_code == 410
    thief = UserFactory(email=BACK_DOOR)
    with pytest.raises(InvalidTransition):
        team_invitations.accept(back_door, user=thief)
    assert "Invitation to olga@freemail.example withdrawn" in alice.get(TEAM).content.decode()


def test_transferring_ownership_keeps_invitations(cast: Cast, olga: User) -> None:
    team.transfer_ownership(cast.max.memberships.get(), by=olga)
    assert cast.alder.team_invitations.pending().count() == 2


def test_admin_without_membership_cannot_transfer_ownership(cast: Cast) -> None:
    MembershipFactory(agency=cast.alder, user=cast.ada, role=Role.OWNER).delete()
    with pytest.raises(ValidationError, match="no longer an owner"):
        team.transfer_ownership(cast.max.memberships.get(), by=cast.ada)


@pytest.mark.parametrize("address", ["alice@alder.example", "STAN@Alder.Example", " max@alder.example "])
def test_members_cannot_be_invited_again(cast: Cast, alice: Client, address: str) -> None:
    page = alice.post(f"{TEAM}invite/", {"email": address, "role": "owner"}).content.decode()
    assert "already belongs to someone on your team" in page
    assert not TeamInvitation.objects.exists()


def test_profile_hides_staff_content_without_required_second_factor(cast: Cast, stan: Client) -> None:
    review = in_state("hidden", cast.alder)
    assert review.text in stan.get("/partners/alder/").content.decode()
    with_app(cast.alice)
    team.require_second_factor(cast.alder, required=True, by=cast.alice)
    assert review.text not in stan.get("/partners/alder/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_concurrent_changes_cause_no_deadlocks(cast: Cast, olga: User, turn: int) -> None:
    """Each concurrent change succeeds or raises a ValidationError, and an owner remains."""
    customer = CustomerFactory(agency=cast.alder, responsible=cast.stan)
    TaskFactory.create_batch(3, customer=customer, assignee=cast.stan)
    olgas, alices, stans, maxs = (person.memberships.get() for person in (olga, cast.alice, cast.stan, cast.max))
    back_door = cast.alder.team_invitations.get(email=BACK_DOOR)
    newcomer = UserFactory(email=BACK_DOOR)
    acts: list[Callable[[], Any]] = [
        lambda: team.remove_member(olgas, to=cast.stan, by=cast.alice),
        lambda: team.remove_member(alices, to=cast.stan, by=olga),
        lambda: team.transfer_ownership(stans, by=cast.alice),
        lambda: team.leave(stans, to=cast.max),
        lambda: team.remove_member(stans, to=cast.max, by=olga),
        lambda: team.leave(maxs, to=cast.stan),
        lambda: team_invitations.accept(back_door, user=newcomer),
        lambda: team_invitations.withdraw(back_door, by=cast.alice),
        lambda: team.change_role(maxs, Role.OWNER, by=cast.alice),
        lambda: team.change_role(olgas, Role.STAFF, by=cast.alice),
    ]
    acts = acts[turn:] + acts[:turn]
    outcomes = at_once(len(acts), lambda number: acts[number]())
    unexpected = [
        error for error in outcomes if isinstance(error, Exception) and not isinstance(error, ValidationError | InvalidTransition)
    ]
    assert not unexpected
    members = set(Membership.objects.filter(agency=cast.alder).values_list("user", flat=True))
    assert Membership.objects.filter(agency=cast.alder, role=Role.OWNER).exists()
    assigned = {*customer.tasks.values_list("assignee", flat=True), *cast.alder.customers.values_list("responsible", flat=True)}
    assert assigned - {None} <= members
