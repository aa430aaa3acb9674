"""What a client gave: `/my/`. Seeing, changing, withdrawing, taking back; nothing of anybody else."""

import pytest
from django.test import Client

from invitations.models import AccessInvitation
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.customers import NoteFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory, InvitationFactory


def test_the_front_door_leads_clients_to_what_they_gave(kim: Client) -> None:
    response = kim.get("/", follow=True)
    assert response.redirect_chain == [("/my/", 302)]
    assert "No access given yet" in response.content.decode()


def test_it_shows_whom_what_and_since_when(kim: Client, cast: Cast) -> None:
    InvitationFactory(agency=cast.birch, client=cast.kim)
    ConnectedFactory(customer__agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    page = " ".join(kim.get("/my/").content.decode().split())
    for text in ("Birch Digital", "pending", "Alder Web", "connected", "Partial access", "Revoke access", "Withdraw"):
        assert text in page


def test_a_client_sees_nothing_of_the_agency_or_of_others(kim: Client, cast: Cast) -> None:
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


def test_changing_tells_the_agency(kim: Client, cast: Cast) -> None:
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim)
    kim.post(f"/my/{given.pk}/change/", {"scope": "partial", "areas": ["email", "domains"]})
    given.refresh_from_db()
    assert (given.scope, given.areas) == ("partial", ["domains", "email"])
    mail = OutgoingMail.objects.get()
    assert mail.kind == "access_changed"
    assert "You now have partial access: Domains, E-mail." in mail.text
    assert "You previously had full access." in mail.text
    event = AuditEvent.objects.get(action="invitation.changed")
    assert (event.customer_id, event.actor_label) == (given.customer_id, "")
    kim.post(f"/my/{given.pk}/change/", {"scope": "partial", "areas": ["domains", "email"]})
    kim.post(f"/my/{given.pk}/change/", {"scope": "partial", "areas": []})
    assert OutgoingMail.objects.count() == 1
    kim.post(f"/my/{given.pk}/change/", {"scope": "full", "areas": ["domains"]})
    given.refresh_from_db()
    assert (given.scope, given.areas) == ("full", [])


@pytest.mark.parametrize(
    ("action", "status", "kind"), [("withdraw", "withdrawn", "access_withdrawn"), ("revoke", "revoked", "access_revoked")]
)
def test_withdrawing_and_taking_back_tell_the_agency_once(kim: Client, cast: Cast, action: str, status: str, kind: str) -> None:
    factory = ConnectedFactory if action == "revoke" else InvitationFactory
    given = factory(client=cast.kim, **({"customer__agency": cast.alder} if action == "revoke" else {"agency": cast.alder}))
    for said in ("The agency has been notified by e-mail", "Nothing was changed, and no e-mail was sent."):
        page = kim.post(f"/my/{given.pk}/{action}/", follow=True).content.decode()
        assert said in page
    given.refresh_from_db()
    assert given.status == status
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == (kind, "alice@alder.example", "kim@client.example")


def test_who_is_told_is_responsible_or_connected_it_or_owns_the_agency(kim: Client, cast: Cast) -> None:
    for responsible, connected_by, told in (
        (cast.max, cast.stan, "max@alder.example"),
        (None, cast.stan, "stan@alder.example"),
        (cast.charlie, cast.charlie, "alice@alder.example"),
    ):
        given = ConnectedFactory(customer__agency=cast.alder, customer__responsible=responsible, client=cast.kim, connected_by=connected_by)
        kim.post(f"/my/{given.pk}/revoke/")
        assert OutgoingMail.objects.latest("pk").to_email == told


def test_nobody_is_told_whose_account_was_switched_off(kim: Client, cast: Cast) -> None:
    User.objects.filter(pk__in=[cast.stan.pk, cast.alice.pk]).update(is_active=False)
    given = ConnectedFactory(customer__agency=cast.alder, client=cast.kim, connected_by=cast.stan)
    kim.post(f"/my/{given.pk}/revoke/")
    assert OutgoingMail.objects.get().to_email == "max@alder.example"


def test_nothing_is_done_by_looking(kim: Client, cast: Cast) -> None:
    given = InvitationFactory(agency=cast.alder, client=cast.kim)
    assert kim.get(f"/my/{given.pk}/withdraw/").status_code == 405
    assert AccessInvitation.objects.get().status == "pending"


def test_the_history_names_no_staff(kim: Client, cast: Cast) -> None:
    from invitations.services.invitations import connect_new_customer

    given = InvitationFactory(agency=cast.alder, client=cast.kim)
    connect_new_customer(given, by=cast.stan, kind="company", company="Kim & Co")
    page = kim.get(f"/my/{given.pk}/").content.decode()
    assert "Alder Web connected your access (full access)" in page
    assert "Stan" not in page


def test_requests_to_ones_own_address_stand_above(kim: Client, cast: Cast) -> None:
    asked = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    AccessRequestFactory(customer__agency=cast.birch)
    page = kim.get("/my/").content.decode()
    assert asked.link in page
    assert "Birch" not in page
    assert "No access given yet" not in page


def test_the_history_speaks_to_the_client_and_begins_with_the_request(kim: Client, cast: Cast) -> None:
    from invitations.services.access_requests import grant_request

    asked = AccessRequestFactory(customer__agency=cast.alder, email=cast.kim.email)
    given = grant_request(asked, client=cast.kim, scope="partial", areas=["email"])
    kim.post(f"/my/{given.pk}/change/", {"scope": "full"})
    kim.post(f"/my/{given.pk}/revoke/")
    page = " ".join(kim.get(f"/my/{given.pk}/").content.decode().split())
    said = ["You revoked access", "You changed access (now full access)", "You granted the access request (partial access: E-mail)"]
    assert [text for text in said if text in page] == said
    assert sorted(said, key=page.index) == said
    stan = Client()
    stan.force_login(cast.stan)
    page = stan.get(given.get_absolute_url()).content.decode()
    assert "kim@client.example granted the access request (partial access: E-mail)" in page
    assert ">granted:" not in page


def test_what_is_offered_is_not_open_yet(kim: Client, cast: Cast) -> None:
    given = InvitationFactory(agency=cast.alder, client=cast.kim, scope="partial", areas=["email"])
    stan = Client()
    stan.force_login(cast.stan)
    for page in (kim.get("/my/"), kim.get(f"/my/{given.pk}/"), stan.get(given.get_absolute_url())):
        assert ">offered:" in page.content.decode()
        assert ">granted:" not in page.content.decode()


def test_the_end_is_shown_with_what_the_agency_wrote(kim: Client, cast: Cast) -> None:
    from invitations.services.invitations import reject_invitation

    given = InvitationFactory(agency=cast.alder, client=cast.kim)
    reject_invitation(given, message="We are <full>.", by=cast.stan)
    assert "We are &lt;full&gt;." in kim.get(f"/my/{given.pk}/").content.decode()
    assert "Past access" in kim.get("/my/").content.decode()
