"""Tests of the access that an agency has for a customer."""

import pytest
from django.test import Client

from customers.models import Customer
from invitations.models.areas import Area
from invitations.queries import CustomerAccess, access_section
from invitations.services.invitations import revoke_access
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import ConnectedFactory, InvitationFactory


def customer_access(customer: Customer) -> CustomerAccess:
    access: CustomerAccess = access_section(customer).context["access"]
    return access


def test_customer_without_invitations_has_no_access(cast: Cast) -> None:
    access = customer_access(CustomerFactory(agency=cast.alder))
    assert not access
    assert (access.scope, access.areas, access.connected, access.ended) == (None, [], [], None)
    assert not any(access.covers(area) for area in Area)


def test_full_access_covers_all_areas_including_future_ones(cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder)
    access = customer_access(invitation.customer)
    assert (access.scope, access.areas) == ("full", Area.values)
    assert access.covers("an area that is added later")
    assert [i.pk for i in access.connected] == [invitation.pk]


def test_partial_access_covers_its_areas_only(cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, scope="partial", areas=["email"])
    access = customer_access(invitation.customer)
    assert (access.scope, access.areas) == ("partial", ["email"])
    assert access.covers("email") and not access.covers("support")
    assert not access.covers("an area that is added later")


def test_access_of_several_clients_is_combined(cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, scope="partial", areas=["support"])
    second = ConnectedFactory(customer=invitation.customer, scope="partial", areas=["domains"])
    assert customer_access(invitation.customer).areas == ["domains", "support"]
    ConnectedFactory(customer=invitation.customer)
    assert customer_access(invitation.customer).scope == "full"
    revoke_access(second)
    assert len(customer_access(invitation.customer).connected) == 2


def test_ended_access_is_reported_as_ended(cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder)
    revoke_access(invitation)
    access = customer_access(invitation.customer)
    assert not access
    assert access.ended.pk == invitation.pk
    assert access.ended.get_current_status_display() == "revoked"


def test_pending_invitation_gives_no_access(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    InvitationFactory(agency=cast.alder)
    assert not customer_access(customer)


@pytest.mark.parametrize(("areas", "granted"), [(None, len(Area)), (["email", "support"], 2), ([], 0)])
def test_customer_page_shows_every_area(stan: Client, cast: Cast, areas: list[str] | None, granted: int) -> None:
    customer = CustomerFactory(agency=cast.alder)
    if areas != []:
        ConnectedFactory(customer=customer, scope="partial" if areas else "full", areas=areas or [])
    page = stan.get(customer.get_absolute_url()).content.decode()
    assert page.count(">granted:") == granted
    assert page.count(">not granted:") == len(Area) - granted
    assert ("Send access request" in page) is (granted < len(Area))


def test_invitation_pages_show_every_area(stan: Client, kim: Client, cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email", "support"])
    for page in (stan.get(invitation.get_absolute_url()), kim.get(f"/my/{invitation.pk}/")):
        assert page.content.decode().count(">granted:") == 2
        assert page.content.decode().count(">not granted:") == len(Area) - 2
