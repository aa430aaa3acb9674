"""The shared space: who opens it, at which address, and for which customer."""

from django.test import Client

from partnerportal.audit.models import AuditEvent
from tests.cast import Cast
from tests.factories.customers import DomainFactory, ProjectFactory
from tests.factories.invitations import ConnectedFactory, InvitationFactory


def page(client: Client, address: str = "/my/alder/") -> str:
    return client.get(address).content.decode()


def test_client_opens_the_space_while_access_is_connected(kim: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.alder, client=cast.kim)
    assert kim.get("/my/alder/").status_code == 404
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    ProjectFactory(customer=given.customer, title="Relaunch", is_shared=True)
    assert "Relaunch" in page(kim)
    given.status, given.ended_at = "revoked", given.connected_at
    given.save()
    assert kim.get("/my/alder/").status_code == 404


def test_staff_look_at_the_space_as_a_client(cast: Cast, stan: Client) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, company="Mill Ltd")
    DomainFactory(customer=given.customer, name="mill.example")
    address = f"/customers/{given.customer.pk}/shared/as-client/{given.pk}/"
    shown = page(stan, address)
    assert "mill.example" in shown
    assert "This is what Mill Ltd sees" in shown
    assert AuditEvent.objects.filter(action="invitation.previewed", actor_id=cast.stan.pk).count() == 1
