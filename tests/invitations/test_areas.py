"""Tests that all places that use access areas know every area, and of invalid areas."""

import pytest
from django.test import Client

from invitations.forms.access_requests import GrantAccessForm, RequestAccessForm
from invitations.forms.invitations import AccessFieldsForm, ChangeAccessForm, GiveAccessForm
from invitations.models import AccessInvitation, AccessRequest
from invitations.models.areas import Area
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory


@pytest.mark.parametrize("form", [GiveAccessForm, ChangeAccessForm, GrantAccessForm, RequestAccessForm])
def test_every_form_offers_every_area(form: type[AccessFieldsForm]) -> None:
    assert list(form.base_fields["areas"].choices) == Area.choices
    assert all(str(area.label) in str(form.base_fields["scope"].help_text) for area in Area)


@pytest.mark.parametrize("area", Area)
def test_every_area_is_stored_named_and_displayed(kim: Client, stan: Client, cast: Cast, area: Area) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    kim.post(f"/my/{invitation.pk}/change/", {"scope": "partial", "areas": [area.value]})
    assert AccessInvitation.objects.get().areas == [area]
    assert f"You now have partial access: {area.label}." in OutgoingMail.objects.get().text
    event = AuditEvent.objects.get(action="invitation.changed")
    assert event.sentence == f"Client changed access (now partial access: {area.label})"
    for page in (stan.get(invitation.customer.get_absolute_url()), stan.get(invitation.get_absolute_url()), kim.get("/my/")):
        assert f">granted:</span> {area.label} </li>" in " ".join(page.content.decode().split())


@pytest.mark.parametrize("areas", [["everything"], ["email", "everything"]])
def test_unknown_areas_are_reported_at_the_field(kim: Client, stan: Client, cast: Cast, areas: list[str]) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    customer = CustomerFactory(agency=cast.alder, email="lea@clients.example")
    access_request = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    values = {"scope": "partial", "areas": areas}
    for response in (
        kim.post("/partners/birch/access/", {**values, "name": "Kim"}),
        kim.post(f"/my/{invitation.pk}/change/", values),
        kim.post(access_request.link.removeprefix("http://testserver"), values),
        stan.post(f"/customers/{customer.pk}/access/request/", {**values, "email": customer.email}),
    ):
        assert response.status_code == 200
        assert "everything is not one of the available choices" in response.context["form"].errors["areas"][0]
        assert not response.context["form"].non_field_errors()
    assert (AccessInvitation.objects.get().areas, AccessRequest.objects.get().status) == ([], "pending")
