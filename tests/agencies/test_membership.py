"""A person's place in an agency: one, with a role that there is."""

import pytest
from django.db import IntegrityError, transaction

from partnerportal.agencies.models import Membership, Role
from tests.cast import Cast


def test_the_database_refuses_a_second_place_in_the_same_agency(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="membership_once_per_agency"), transaction.atomic():
        Membership.objects.create(agency=cast.alder, user=cast.stan, role=Role.OWNER)


def test_the_database_refuses_an_unknown_role(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="membership_role_is_known"), transaction.atomic():
        Membership.objects.filter(user=cast.stan).update(role="boss")
