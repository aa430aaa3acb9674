"""Constraints and roles of memberships."""

import re

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client

from partnerportal.agencies.forms.team import InviteForm
from partnerportal.agencies.models import ROLE_DESCRIPTIONS, Membership, Role
from tests.cast import Cast
from tests.factories.agencies import MembershipFactory


def test_database_rejects_duplicate_memberships(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="membership_once_per_agency"), transaction.atomic():
        Membership.objects.create(agency=cast.alder, user=cast.stan, role=Role.OWNER)


def test_database_rejects_unknown_roles(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="membership_role_is_known"), transaction.atomic():
        Membership.objects.filter(user=cast.stan).update(role="boss")


def test_each_role_has_a_label_and_a_description() -> None:
    assert ROLE_DESCRIPTIONS.keys() == set(Role)
    assert all(role.label and role.description for role in Role)


def test_each_role_includes_itself_and_those_below() -> None:
    for rank, role in enumerate(Role):
        assert [other for other in Role if role.includes(other)] == list(Role)[rank:]


def test_templates_compare_no_role_below_the_owner() -> None:
    """A comparison with one of these names would be wrong for a role added below it."""
    compared = re.compile(rf"role *[!=]= *[\"']({'|'.join(set(Role) - {Role.OWNER})})[\"']")
    templates = (settings.BASE_DIR / "templates").rglob("*.html")
    assert [path.name for path in templates if compared.search(path.read_text())] == []


def test_members_are_selected_by_role_or_higher(cast: Cast) -> None:
    assert {member.user for member in cast.alder.memberships.with_role(Role.MANAGER)} == {cast.alice, cast.max}
    assert {member.user for member in cast.alder.memberships.with_role(Role.OWNER)} == {cast.alice}


def test_all_lists_of_roles_follow_their_order(alice: Client, cast: Cast) -> None:
    for role in reversed(Role):
        MembershipFactory(agency=cast.alder, role=role)
    listed = [member.role for member in alice.get("/company/team/").context["members"]]
    assert listed == sorted(listed, key=list(Role).index)
    assert set(listed) == set(Role)
    assert [value for value, _label in InviteForm(None).fields["role"].choices] == list(reversed(Role))
