"""Tests of the client's pages: list, change, withdraw and revoke access."""

import pytest
from django.test import Client

from invitations.models import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.customers import NoteFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory


def test_start_page_redirects_clients_to_their_access(kim: Client) -> None:
    response = kim.get("/", follow=True)
    assert response.redirect_chain == [("/my/", 302)]
    assert "No access given yet" in response.content.decode()


def test_list_shows_agency_status_and_scope(kim: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.birch, client=cast.kim)
    ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    page = " ".join(kim.get("/my/").content.decode().split())
    for text in ("Birch Digital", "pending", "Alder Web", "connected", "Partial access", "Revoke access", "Withdraw"):
        assert text in page


def test_clients_see_no_agency_data_and_no_access_of_other_clients(kim: Client, cast: Cast) -> None:
    mine = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, customer__notes="Pays late")
    NoteFactory(customer=mine.customer, text="Difficult person")
    other = ConnectedFactory(customer__agency=cast.alder, company="Somebody Else Ltd")
    for path in ("/my/", f"/my/{mine.pk}/", f"/my/{mine.pk}/change/"):
        page = kim.get(path).content.decode()
        for secret in ("Pays late", "Difficult person", "Somebody Else", mine.customer.reference, mine.customer.company):
            assert secret not in page
    for action in ("", "change/", "withdraw/", "revoke/"):
        for pk in (other.pk, 999_999, 2**63 + 1):
            method = kim.post if action in {"withdraw/", "revoke/"} else kim.get
            assert method(f"/my/{pk}/{action}").status_code == 404


def test_changing_access_notifies_the_agency(kim: Client, cast: Cast) -> None:
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    kim.post(f"/my/{invitation.pk}/change/", {"scope": "partial", "areas": ["email", "domains"]})
    invitation.refresh_from_db()
    assert (invitation.scope, invitation.areas) == ("partial", ["domains", "email"])
    mail = OutgoingMail.objects.get()
    assert mail.kind == "access_changed"
    assert "You now have partial access: Domains, E-mail." in mail.text
    assert "You previously had full access." in mail.text
    event = AuditEvent.objects.get(action="invitation.changed")
    assert (event.customer_id, event.actor_label) == (invitation.customer_id, "")
    kim.post(f"/my/{invitation.pk}/change/", {"scope": "partial", "areas": ["domains", "email"]})
    kim.post(f"/my/{invitation.pk}/change/", {"scope": "partial", "areas": []})
    assert OutgoingMail.objects.count() == 1
    kim.post(f"/my/{invitation.pk}/change/", {"scope": "full", "areas": ["domains"]})
    invitation.refresh_from_db()
    assert (invitation.scope, invitation.areas) == ("full", [])


@pytest.mark.parametrize(
    ("action", "status", "kind"), [("withdraw", "withdrawn", "access_withdrawn"), ("revoke", "revoked", "access_revoked")]
)
def test_withdrawing_and_revoking_notify_the_agency_once(kim: Client, cast: Cast, action: str, status: str, kind: str) -> None:
    factory = ConnectedFactory if action == "revoke" else InvitationFactory
    invitation = factory(client=cast.kim, **({"customer__agency": cast.alder} if action == "revoke" else {"agency": cast.alder}))
    for message in ("The agency has been notified by e-mail", "Nothing was changed, and no e-mail was sent."):
        page = kim.post(f"/my/{invitation.pk}/{action}/", follow=True).content.decode()
        assert message in page
    invitation.refresh_from_db()
    assert invitation.status == status
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == (kind, "alice@alder.example", "kim@client.example")


def test_account_manager_connecting_member_or_owner_is_notified(kim: Client, cast: Cast) -> None:
    for responsible, connected_by, recipient in (
        (cast.max, cast.stan, "max@alder.example"),
        (None, cast.stan, "stan@alder.example"),
        (cast.charlie, cast.charlie, "alice@alder.example"),
    ):
        invitation = ConnectedFactory(
            customer__agency=cast.alder, customer__responsible=responsible, client=cast.kim, connected_by=connected_by
        )
        kim.post(f"/my/{invitation.pk}/revoke/")
        assert OutgoingMail.objects.latest("pk").to_email == recipient


def test_deactivated_members_are_not_notified(kim: Client, cast: Cast) -> None:
    User.objects.filter(pk__in=[cast.stan.pk, cast.alice.pk]).update(is_active=False)
    invitation = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, connected_by=cast.stan)
    kim.post(f"/my/{invitation.pk}/revoke/")
    assert OutgoingMail.objects.get().to_email == "max@alder.example"


def test_get_requests_have_no_side_effects(kim: Client, cast: Cast) -> None:
    invitation = InvitationFactory(agency=cast.alder, client=cast.kim)
    assert kim.get(f"/my/{invitation.pk}/withdraw/").status_code == 405
    assert AccessInvitation.objects.get().status == "pending"


def test_activity_for_clients_names_no_staff(kim: Client, cast: Cast) -> None:
    from invitations.services.invitations import connect_new_customer

    invitation = InvitationFactory(agency=cast.alder, client=cast.kim)
    connect_new_customer(invitation, by=cast.stan, kind="company", company="Kim & Co")
    page = kim.get(f"/my/{invitation.pk}/").content.decode()
    assert "Alder Web connected your access (full access)" in page
    assert "Stan" not in page


def test_list_shows_requests_to_the_clients_address(kim: Client, cast: Cast) -> None:
    access_request = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    AccessRequestFactory(customer__agency=cast.birch)
    page = kim.get("/my/").content.decode()
    assert access_request.link in page
    assert "Birch" not in page
    assert "No access given yet" not in page


def test_activity_addresses_the_client_and_includes_the_request(kim: Client, cast: Cast) -> None:
    from invitations.services.access_requests import grant_request

    access_request = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    invitation = grant_request(access_request, client=cast.kim, scope="partial", areas=["email"])
    kim.post(f"/my/{invitation.pk}/change/", {"scope": "full"})
    kim.post(f"/my/{invitation.pk}/revoke/")
    page = " ".join(kim.get(f"/my/{invitation.pk}/").content.decode().split())
    sentences = ["You revoked access", "You changed access (now full access)", "You granted the access request (partial access: E-mail)"]
    assert [text for text in sentences if text in page] == sentences
    assert sorted(sentences, key=page.index) == sentences
    stan = Client()
    stan.force_login(cast.stan)
    page = stan.get(invitation.get_absolute_url()).content.decode()
    assert "kim@client.example granted the access request (partial access: E-mail)" in page
    assert ">granted:" not in page


def test_offered_areas_are_not_shown_as_granted(kim: Client, cast: Cast) -> None:
    invitation = InvitationFactory(agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    stan = Client()
    stan.force_login(cast.stan)
    for page in (kim.get("/my/"), kim.get(f"/my/{invitation.pk}/"), stan.get(invitation.get_absolute_url())):
        assert ">offered:" in page.content.decode()
        assert ">granted:" not in page.content.decode()


def test_closed_invitation_shows_the_agencys_message(kim: Client, cast: Cast) -> None:
    from invitations.services.invitations import reject_invitation

    invitation = InvitationFactory(agency=cast.alder, client=cast.kim)
    reject_invitation(invitation, message="We are <full>.", by=cast.stan)
    assert "We are &lt;full&gt;." in kim.get(f"/my/{invitation.pk}/").content.decode()
    assert "Past access" in kim.get("/my/").content.decode()
