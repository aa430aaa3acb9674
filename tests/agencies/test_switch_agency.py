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


def test_switching_changes_visible_objects(both: Client, cast: Cast) -> None:
    cedar = cast.stan.agencies.get(name="Cedar Labs")
    at_alder, at_cedar = CustomerFactory(agency=cast.alder), CustomerFactory(agency=cedar)
    assert both.get(at_alder.get_absolute_url()).status_code == 200
    assert both.get(at_cedar.get_absolute_url()).status_code == 404

    response = both.post("/company/switch/", {"agency": cedar.pk}, follow=True)
    assert "Switched to Cedar Labs." in response.content.decode()
    assert both.get(at_cedar.get_absolute_url()).status_code == 200
    assert both.get(at_alder.get_absolute_url()).status_code == 404


def test_menu_offers_switch_only_with_several_agencies(both: Client, alice: Client) -> None:
    assert "/company/switch/" in both.get("/dashboard/").content.decode()
    assert "/company/switch/" not in alice.get("/dashboard/").content.decode()


@pytest.mark.parametrize("agency", ["", "x", "0", "99999999999999999999999", "\x00"])
def test_switching_to_an_invalid_agency_returns_404(both: Client, agency: str) -> None:
    assert both.post("/company/switch/", {"agency": agency}).status_code == 404


def test_switching_to_another_agency_returns_404(both: Client, cast: Cast) -> None:
    assert both.post("/company/switch/", {"agency": cast.birch.pk}).status_code == 404
    assert "Alder Web" in both.get("/dashboard/").content.decode()


def test_times_use_the_agencys_time_zone(stan: Client, cast: Cast) -> None:
    cast.alder.time_zone = "Pacific/Kiritimati"
    cast.alder.save()
    customer = CustomerFactory(agency=cast.alder)
    there = timezone.localtime(customer.created_at, ZoneInfo("Pacific/Kiritimati"))
    assert f"{there:%H:%M}" in stan.get(customer.get_absolute_url()).content.decode()


def test_removed_members_lose_access_immediately(stan: Client, cast: Cast) -> None:
    assert stan.get("/dashboard/").status_code == 200
    cast.alder.memberships.filter(user=cast.stan).delete()
    assert stan.get("/dashboard/").status_code == 403


def test_leaving_the_selected_agency_selects_another(both: Client, cast: Cast) -> None:
    cedar = cast.stan.agencies.get(name="Cedar Labs")
    both.post("/company/switch/", {"agency": cedar.pk})
    MembershipFactory(agency=cedar)
    cedar.memberships.filter(user=cast.stan).delete()
    response = both.get("/dashboard/")
    assert response.status_code == 200
    assert "Alder Web" in response.content.decode()
