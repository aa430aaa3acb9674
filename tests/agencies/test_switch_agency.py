"""Switching between the agencies of a user."""

from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from tests.factories.agencies import AgencyFactory, MembershipFactory
from tests.factories.customers import CustomerFactory


@pytest.fixture
def both(cast: Cast) -> Client:
    """Return a client of Stan, who is staff at Alder and owns Cedar."""
    MembershipFactory(agency=AgencyFactory(name="Cedar Labs"), user=cast.stan)
    client = Client()
    client.force_login(cast.stan)
    return client


def test_switching_changes_what_is_seen(both: Client, cast: Cast) -> None:
    cedar = cast.stan.agencies.get(name="Cedar Labs")
    at_alder, at_cedar = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cedar)
    assert both.get(at_alder.get_absolute_url()).status_code == 200
    assert both.get(at_cedar.get_absolute_url()).status_code == 404

    response = both.post("/company/switch/", {"agency": cedar.pk}, follow=True)
    assert "Switched to Cedar Labs." in response.content.decode()
    assert both.get(at_cedar.get_absolute_url()).status_code == 200
    assert both.get(at_alder.get_absolute_url()).status_code == 404


def test_the_switch_stands_in_the_menu_only_with_a_choice(both: Client, alice: Client) -> None:
    assert "/company/switch/" in both.get("/dashboard/").content.decode()
    assert "/company/switch/" not in alice.get("/dashboard/").content.decode()


@pytest.mark.parametrize("agency", ["", "x", "0", "99999999999999999999999", "\x00"])
def test_no_such_agency_is_404(both: Client, agency: str) -> None:
    assert both.post("/company/switch/", {"agency": agency}).status_code == 404


def test_a_strangers_agency_is_404_and_nothing_changes(both: Client, cast: Cast) -> None:
    assert both.post("/company/switch/", {"agency": cast.birch.pk}).status_code == 404
    assert "Alder Web" in both.get("/dashboard/").content.decode()


def test_times_are_shown_in_the_agencys_zone(stan: Client, cast: Cast) -> None:
    cast.alder.time_zone = "Pacific/Kiritimati"
    cast.alder.save()
    customer = CustomerFactory(agency=cast.alder)
    there = timezone.localtime(customer.created_at, ZoneInfo("Pacific/Kiritimati"))
    assert f"{there:%H:%M}" in stan.get(customer.get_absolute_url()).content.decode()


def test_a_removed_membership_ends_access_at_once(stan: Client, cast: Cast) -> None:
    assert stan.get("/dashboard/").status_code == 200
    cast.alder.memberships.filter(user=cast.stan).delete()
    assert stan.get("/dashboard/").status_code == 403


def test_who_has_left_the_chosen_agency_works_in_the_other_one(both: Client, cast: Cast) -> None:
    cedar = cast.stan.agencies.get(name="Cedar Labs")
    both.post("/company/switch/", {"agency": cedar.pk})
    MembershipFactory(agency=cedar)
    cedar.memberships.filter(user=cast.stan).delete()
    response = both.get("/dashboard/")
    assert response.status_code == 200
    assert "Alder Web" in response.content.decode()
