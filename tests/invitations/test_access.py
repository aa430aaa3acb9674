"""The access that a customer's clients have given, as the customer's page shows it."""

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


def test_without_an_invitation_nothing_is_open(cast: Cast) -> None:
    access = customer_access(CustomerFactory(agency=cast.alder))
    assert not access
    assert (access.scope, access.areas, access.connected, access.ended) == (None, [], [], None)
    assert not any(access.covers(area) for area in Area)


def test_full_covers_every_area_those_of_tomorrow_too(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder)
    access = customer_access(given.customer)
    assert (access.scope, access.areas) == ("full", Area.values)
    assert access.covers("an area that is added later")
    assert [i.pk for i in access.connected] == [given.pk]


def test_partial_covers_what_it_names(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, scope="partial", areas=["email"])
    access = customer_access(given.customer)
    assert (access.scope, access.areas) == ("partial", ["email"])
    assert access.covers("email") and not access.covers("support")
    assert not access.covers("an area that is added later")


def test_several_clients_add_up(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, scope="partial", areas=["support"])
    second = ConnectedFactory(customer=given.customer, scope="partial", areas=["domains"])
    assert customer_access(given.customer).areas == ["domains", "support"]
    ConnectedFactory(customer=given.customer)
    assert customer_access(given.customer).scope == "full"
    revoke_access(second)
    assert len(customer_access(given.customer).connected) == 2


def test_what_ended_is_over(cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder)
    revoke_access(given)
    access = customer_access(given.customer)
    assert not access
    assert access.ended.pk == given.pk
    assert access.ended.get_current_status_display() == "revoked"


def test_waiting_is_no_access(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    InvitationFactory(agency=cast.alder)
    assert not customer_access(customer)


@pytest.mark.parametrize(("areas", "opened"), [(None, 5), (["email", "support"], 2), ([], 0)])
def test_the_page_shows_a_lock_for_each_area(stan: Client, cast: Cast, areas: list[str] | None, opened: int) -> None:
    customer = CustomerFactory(agency=cast.alder)
    if areas != []:
        ConnectedFactory(customer=customer, scope="partial" if areas else "full", areas=areas or [])
    page = stan.get(customer.get_absolute_url()).content.decode()
    assert page.count(">granted:") == opened
    assert page.count(">not granted:") == 5 - opened
    assert ("Send access request" in page) is (opened < 5)


def test_so_do_the_invitations_own_pages(stan: Client, kim: Client, cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email", "support"])
    for page in (stan.get(given.get_absolute_url()), kim.get(f"/my/{given.pk}/")):
        assert page.content.decode().count(">granted:") == 2
        assert page.content.decode().count(">not granted:") == 3
