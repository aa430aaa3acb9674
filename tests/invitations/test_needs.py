"""The agency's list of what it needs, access requests with needs, and what clients do about them."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from invitations.credentials.models import MAX_TEMPLATES, AccessNeed, NeedTemplate
from invitations.credentials.services.templates import SUGGESTIONS
from invitations.models import AccessInvitation, AccessRequest
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.agencies import AgencyFactory
from tests.factories.credentials import CredentialFactory, NeedFactory, NeedTemplateFactory
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory

LIST = "/company/access-needs/"


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


# --- The list ----------------------------------------------------------------------------------------------------------


def test_manager_adds_edits_and_deletes_an_entry(alice: Client, cast: Cast) -> None:
    fields = {"name": "Shop", "area": "hosting", "address": "web@alder.example", "instructions": "Role: admin"}
    alice.post(f"{LIST}add/", fields)
    entry = cast.alder.need_templates.get()
    assert (entry.name, entry.area, entry.address, entry.instructions) == ("Shop", "hosting", "web@alder.example", "Role: admin")
    alice.post(f"{LIST}{entry.pk}/", {**fields, "name": "Web shop"})
    assert "Web shop" in text(alice, LIST)
    alice.post(f"{LIST}{entry.pk}/delete/")
    assert not NeedTemplate.objects.exists()
    actions = AuditEvent.objects.filter(action__startswith="need_template").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["need_template.added", "need_template.changed", "need_template.deleted"]


def test_names_are_unique_within_a_list(alice: Client, cast: Cast) -> None:
    NeedTemplateFactory(agency=cast.birch, name="Hosting")
    NeedTemplateFactory(agency=cast.alder, name="Hosting")
    page = alice.post(f"{LIST}add/", {"name": "hosting", "area": "hosting"}).content.decode()
    assert "already has an entry with this name" in page
    assert cast.alder.need_templates.count() == 1


def test_the_database_limits_the_list(alice: Client, cast: Cast) -> None:
    NeedTemplate.objects.bulk_create(NeedTemplateFactory.build(agency=cast.alder, name=f"N {n}") for n in range(MAX_TEMPLATES))
    with pytest.raises(IntegrityError, match="up to 50 entries"), transaction.atomic():
        NeedTemplateFactory(agency=cast.alder)
    assert "Delete some first" in alice.post(f"{LIST}add/", {"name": "One more", "area": "email"}).content.decode()
    assert "Add entry" not in text(alice, LIST)
    assert "Delete some first" in alice.post(f"{LIST}suggestions/", follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_under_concurrency(cast: Cast) -> None:
    NeedTemplate.objects.bulk_create(NeedTemplateFactory.build(agency=cast.alder, name=f"N {n}") for n in range(MAX_TEMPLATES - 1))
    results = at_once(3, lambda n: NeedTemplateFactory(agency=cast.alder, name=f"Last {n}"))
    assert sorted(type(result).__name__ for result in results) == ["IntegrityError", "IntegrityError", "NeedTemplate"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_suggestions_in_both_languages(alice: Client, cast: Cast, language: str) -> None:
    with translation.override(language):
        name = translation.gettext("E-mail administration")
    for _ in range(2):
        alice.post(f"{LIST}suggestions/", {"language": language})
    assert cast.alder.need_templates.count() == len(SUGGESTIONS)
    assert cast.alder.need_templates.get(name=name).address == cast.alice.email


# --- Requests ----------------------------------------------------------------------------------------------------------


def test_request_grant_and_needs(stan: Client, kim: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email=cast.kim.email)
    hosting, registrar = (
        NeedTemplateFactory(agency=cast.alder, name=name, area=area) for name, area in (("CMS", "hosting"), ("DNS", "domains"))
    )
    form = {"email": cast.kim.email, "scope": "full", "needs": [hosting.pk, registrar.pk], "message": ""}
    stan.post(f"/customers/{customer.pk}/access/request/", form)
    access_request = AccessRequest.objects.get()
    # The e-mail names what the linked page lists.
    assert "is requesting full access. They need access to: CMS, DNS." in " ".join(OutgoingMail.objects.get().text.split())
    hosting.delete()
    link = str(access_request.link).partition("//")[2].partition("/")[2]
    assert "CMS · Website and hosting" in text(kim, f"/{link}")
    response = kim.post(f"/{link}", {"scope": "partial", "areas": ["hosting"]})
    assert response.url == f"/my/alder/credentials/?customer={customer.pk}"
    given = AccessInvitation.objects.get()
    assert set(given.needs.values_list("name", flat=True)) == {"CMS", "DNS"}
    shown = text(kim, response.url)
    assert "CMS" in shown
    # The client gave no access to the domains.
    assert "DNS" not in shown
    staff = text(stan, f"/customers/{customer.pk}/shared/credentials/")
    assert "DNS" in staff and "not covered by the access" in staff


def test_request_without_needs_mentions_none(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email=cast.kim.email)
    stan.post(f"/customers/{customer.pk}/access/request/", {"email": cast.kim.email, "scope": "full", "message": ""})
    mail = OutgoingMail.objects.get()
    assert (mail.kind, "They need" in mail.text) == ("access_request", False)


def test_request_must_include_the_areas_of_its_needs(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email=cast.kim.email)
    need = NeedTemplateFactory(agency=cast.alder, name="CMS")
    form = {"email": cast.kim.email, "scope": "partial", "areas": ["email"], "needs": [need.pk]}
    page = stan.post(f"/customers/{customer.pk}/access/request/", form).content.decode()
    assert "“CMS” needs the area Website and hosting." in page
    assert not AccessRequest.objects.exists()


def test_needs_of_other_agencies_cannot_be_chosen(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email=cast.kim.email)
    NeedTemplateFactory(agency=cast.alder)
    foreign = NeedTemplateFactory(agency=cast.birch)
    stan.post(f"/customers/{customer.pk}/access/request/", {"email": cast.kim.email, "scope": "full", "needs": [foreign.pk]})
    given = ConnectedFactory(customer=customer, client=cast.kim)
    stan.post(f"/customers/{customer.pk}/shared/credentials/add/", {"access": given.pk, "needs": [foreign.pk]})
    assert not AccessRequest.objects.exists()
    assert not AccessNeed.objects.exists()


def test_staff_add_needs_to_connected_access(stan: Client, cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["hosting"])
    entry, other = (NeedTemplateFactory(agency=cast.alder, name=name, area=area) for name, area in (("CMS", "hosting"), ("DNS", "domains")))
    path = f"/customers/{given.customer.pk}/shared/credentials/add/"
    assert "“DNS” needs the area Domains." in stan.post(path, {"access": given.pk, "needs": [entry.pk, other.pk]}).content.decode()
    for _ in range(2):
        stan.post(path, {"access": given.pk, "needs": [entry.pk]})
    assert given.needs.get().name == "CMS"
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email) == ("needs_added", cast.kim.email)
    assert "/my/alder/credentials/" in mail.text
    stan.post(f"/customers/{given.customer.pk}/shared/credentials/needs/{given.needs.get().pk}/remove/")
    assert not given.needs.exists()


def test_a_need_with_a_credential_stays(stan: Client, cast: Cast) -> None:
    need = CredentialFactory(need__invitation__customer__agency=cast.alder).need
    path = f"/customers/{need.invitation.customer.pk}/shared/credentials/needs/{need.pk}/remove/"
    assert "already shared a credential" in stan.post(path, follow=True).content.decode()
    assert AccessNeed.objects.filter(pk=need.pk).exists()


def test_client_invites_the_agency_as_a_user(kim: Client, stan: Client, cast: Cast) -> None:
    need = NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim, address="web@alder.example")
    assert "web@alder.example" in text(kim, "/my/alder/credentials/")
    for _ in range(2):
        kim.post(f"/my/alder/credentials/needs/{need.pk}/invited/")
    need.refresh_from_db()
    assert need.invited_at
    assert OutgoingMail.objects.get().kind == "need_invited"
    assert "web@alder.example invited as a user on" in text(stan, f"/customers/{need.invitation.customer.pk}/shared/credentials/")


@pytest.mark.parametrize("state", ["archived", "revoked", "narrowed"])
def test_nothing_is_marked_without_access(kim: Client, cast: Cast, state: str) -> None:
    need = NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim)
    given = need.invitation
    if state == "archived":
        type(given.customer).objects.update(status="archived")
    elif state == "revoked":
        kim.post(f"/my/{given.pk}/revoke/")
    else:
        kim.post(f"/my/{given.pk}/change/", {"scope": "partial", "areas": ["email"]})
    kim.post(f"/my/alder/credentials/needs/{need.pk}/invited/")
    need.refresh_from_db()
    assert need.invited_at is None


def test_other_clients_do_not_see_needs(cast: Cast) -> None:
    need = NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim, name="Kims shop")
    other = ConnectedFactory(customer=need.invitation.customer, agency=cast.alder)
    client = Client()
    client.force_login(other.client)
    assert "Kims shop" not in text(client, "/my/alder/credentials/")
    assert client.post(f"/my/alder/credentials/needs/{need.pk}/invited/").status_code == 404


def test_list_of_an_agency_without_entries(stan: Client, cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    NeedTemplateFactory(agency=AgencyFactory())
    page = text(stan, f"/customers/{given.customer.pk}/shared/credentials/add/")
    assert "A manager of your agency can list the accounts" in page
    assert "What we need" not in text(stan, f"/customers/{given.customer.pk}/access/request/")


def test_needs_of_a_request_belong_to_the_access_granted_with_it(cast: Cast) -> None:
    access_request = AccessRequestFactory(customer__agency=cast.alder)
    need = NeedFactory(invitation=None, access_request=access_request)
    AccessNeed.objects.filter(pk=need.pk).update(invitation=ConnectedFactory(customer=access_request.customer))
    with pytest.raises(IntegrityError, match="need_access_of_its_request"):
        transaction.get_connection().check_constraints()
