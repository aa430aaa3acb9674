"""Handing over, revealing and deleting credentials."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.services.customers import archive_customer, erase_customer
from invitations.credentials.encryption import CredentialContent, unseal
from invitations.credentials.models import AccessNeed, Credential, CredentialReveal, DeletionReason
from invitations.credentials.services.credentials import reveal
from invitations.models import AccessInvitation
from invitations.services.invitations import change_access, disconnect_access, end_access_as_admin, revoke_access
from invitations.tasks import delete_revealed_credentials
from partnerportal.accounts.models import User
from partnerportal.agencies.models import Membership
from partnerportal.agencies.services.team import remove_member
from partnerportal.audit.models import AuditEvent
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from tests.accounts.test_reauthentication import later
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.credentials import CredentialFactory, NeedFactory
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import ConnectedFactory
from tests.invitations.end_helpers import until
from tests.invitations.test_transitions import a_transaction_waits
from tests.polling import eventually

PASSWORD = "Pa55 word+of=Kim"
ENTERED = {"username": "kim-hosting", "password": PASSWORD, "url": "https://panel.example", "note": "PIN 4711-0815"}


@pytest.fixture
def need(cast: Cast) -> AccessNeed:
    """Alder needs Kim's hosting."""
    return NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim)


@pytest.fixture
def credential(need: AccessNeed) -> Credential:
    """The credential that Kim handed over."""
    return CredentialFactory(need=need)


def page_of(credential: Credential) -> str:
    return f"/customers/{credential.invitation.customer_id}/shared/credentials/{credential.pk}/"


def stored(credential: Credential) -> Credential:
    return Credential.objects.get(pk=credential.pk)


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


# --- The two sides -----------------------------------------------------------------------------------------------------


def test_client_hands_over_and_sees_the_reveal(kim: Client, stan: Client, cast: Cast, need: AccessNeed) -> None:
    kim.post(f"/my/alder/credentials/needs/{need.pk}/hand-over/", ENTERED)
    credential = Credential.objects.get()
    assert "Not revealed." in text(kim, "/my/alder/credentials/")
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email) == ("credential_handed_over", cast.alice.email)
    listed = text(stan, f"/customers/{need.invitation.customer_id}/shared/credentials/")
    asked = text(stan, page_of(credential))
    for value in ENTERED.values():
        assert value not in listed + asked
    assert not CredentialReveal.objects.exists()
    response = stan.post(page_of(credential))
    shown = response.content.decode()
    for value in ENTERED.values():
        assert value in shown
    assert "no-store" in response["Cache-Control"]
    stan.post(page_of(credential))
    page = text(kim, "/my/alder/credentials/")
    assert page.count("Revealed by Stan Stein") == 2
    assert PASSWORD not in page
    # The client receives an e-mail about the first reveal only.
    mail = OutgoingMail.objects.get(kind="credential_revealed")
    assert mail.to_email == cast.kim.email
    assert "Stan Stein" in mail.text
    events = AuditEvent.objects.filter(action__startswith="credential.").order_by("pk").values_list("action", "actor_id")
    assert list(events) == [("credential.handed_over", None), ("credential.revealed", cast.stan.pk), ("credential.revealed", cast.stan.pk)]
    assert "Alder Web revealed a credential (Website and hosting)" in text(kim, f"/my/{need.invitation_id}/")


def test_reveal_requires_a_recent_authentication(stan: Client, credential: Credential) -> None:
    later(stan)
    for response in (stan.get(page_of(credential)), stan.post(page_of(credential))):
        assert response.url.startswith("/accounts/reauthenticate/")
    assert not CredentialReveal.objects.exists()
    assert PASSWORD not in stan.get(page_of(credential)).content.decode()


@pytest.mark.parametrize("change", ["archived", "revoked", "narrowed", "deleted", "erased", "expired"])
def test_nothing_is_revealed_after_a_change(stan: Client, kim: Client, cast: Cast, credential: Credential, change: str) -> None:
    invitation, customer = credential.invitation, credential.invitation.customer
    assert stan.get(page_of(credential)).status_code == 200
    if change == "archived":
        archive_customer(customer, by=cast.alice)
    elif change == "revoked":
        kim.post(f"/my/{invitation.pk}/revoke/")
    elif change == "narrowed":
        kim.post(f"/my/{invitation.pk}/change/", {"scope": "partial", "areas": ["email"]})
    elif change == "deleted":
        kim.post(f"/my/alder/credentials/{credential.pk}/delete/")
    elif change == "erased":
        erase_customer(customer, by=cast.alice)
    else:
        Credential.objects.update(first_revealed_at=timezone.now() - timedelta(days=31))
        assert delete_revealed_credentials() == 1
    for response in (stan.post(page_of(credential)), stan.get(page_of(credential), follow=True)):
        assert PASSWORD not in response.content.decode()
    assert not CredentialReveal.objects.exists()
    # Restoring a customer makes its credentials available again.
    assert [row.sealed is None for row in Credential.objects.all()] == ([] if change == "erased" else [change != "archived"])


def test_nothing_can_be_revealed_after_the_last_day(stan: Client, credential: Credential) -> None:
    # No task has stored the end yet.
    until(credential.invitation, timezone.localdate() - timedelta(days=2))
    for response in (stan.get(page_of(credential)), stan.post(page_of(credential))):
        assert response["Location"] == f"/customers/{credential.invitation.customer_id}/shared/credentials/"
    assert not CredentialReveal.objects.exists()


def test_archived_customers_are_read_only_but_the_client_can_delete(
    kim: Client, cast: Cast, need: AccessNeed, credential: Credential
) -> None:
    archive_customer(need.invitation.customer, by=cast.alice)
    kim.post(f"/my/alder/credentials/needs/{need.pk}/hand-over/", {**ENTERED, "password": "new"})
    assert Credential.objects.get() == credential
    page = text(kim, "/my/alder/credentials/")
    assert "hand-over" not in page
    assert f"/my/alder/credentials/{credential.pk}/delete/" in page
    kim.post(f"/my/alder/credentials/{credential.pk}/delete/")
    assert stored(credential).sealed is None


def test_clients_of_one_customer_never_see_each_others_credentials(stan: Client, credential: Credential, need: AccessNeed) -> None:
    other = ConnectedFactory(customer=need.invitation.customer)
    client = Client()
    client.force_login(other.client)
    stan.post(page_of(credential))
    page = text(client, "/my/alder/credentials/")
    assert "Stan Stein" not in page and need.name not in page
    assert client.get(f"/my/alder/credentials/needs/{need.pk}/hand-over/").status_code == 404
    assert client.post(f"/my/alder/credentials/needs/{need.pk}/hand-over/", ENTERED).status_code == 404
    assert client.post(f"/my/alder/credentials/{credential.pk}/delete/").status_code == 404
    assert stored(credential).deleted_at is None


def test_other_agencies_and_customers_cannot_reveal(stan: Client, charlie: Client, cast: Cast, credential: Credential) -> None:
    assert charlie.post(page_of(credential)).status_code == 404
    elsewhere = CustomerFactory(agency=cast.alder).pk
    assert stan.post(f"/customers/{elsewhere}/shared/credentials/{credential.pk}/").status_code == 404
    assert not CredentialReveal.objects.exists()


def test_replacing_deletes_the_earlier_credential(kim: Client, stan: Client, need: AccessNeed, credential: Credential) -> None:
    kim.post(f"/my/alder/credentials/needs/{need.pk}/hand-over/", {"username": "", "password": "Second one", "note": "", "url": ""})
    first, second = Credential.objects.order_by("pk")
    assert (first.sealed, first.deleted_because) == (None, "replaced")
    assert unseal(second) == CredentialContent(password="Second one")
    assert "replaced by the client" in text(kim, "/my/alder/credentials/")


def test_empty_credential_is_rejected_and_the_password_is_not_sent_back(kim: Client, need: AccessNeed) -> None:
    path = f"/my/alder/credentials/needs/{need.pk}/hand-over/"
    assert "Enter a password" in kim.post(path, {"url": "https://panel.example"}).content.decode()
    page = kim.post(path, {"password": PASSWORD, "username": "kim", "note": "x" * 2001}).content.decode()
    assert 'value="kim"' in page
    assert PASSWORD not in page
    assert not Credential.objects.exists()


def test_spaces_of_a_password_are_kept(kim: Client, stan: Client, need: AccessNeed) -> None:
    kim.post(f"/my/alder/credentials/needs/{need.pk}/hand-over/", {"password": "  two spaces  "})
    assert unseal(Credential.objects.get()).password == "  two spaces  "


def test_preview_offers_no_action(stan: Client, cast: Cast, credential: Credential) -> None:
    invitation = credential.invitation
    path = f"/customers/{invitation.customer_id}/shared/as-client/{invitation.pk}/?tab=space_credentials"
    page = text(stan, path)
    assert credential.need.name in page
    assert "hand-over" not in page and "/delete/" not in page


def test_the_number_of_queries_is_independent_of_the_data(kim: Client, cast: Cast, need: AccessNeed) -> None:
    def count(rows: int) -> int:
        for _ in range(rows):
            for credential in (CredentialFactory(need__invitation=need.invitation), CredentialFactory(need__invitation=need.invitation)):
                CredentialReveal.objects.create(credential=credential, by=UserFactory())
            credential.need.credentials.all().delete_secrets(DeletionReason.CLIENT)
        with CaptureQueriesContext(connection) as queries:
            kim.get("/my/alder/credentials/")
        return len(queries)

    assert count(1) == count(4) <= 14


# --- Deletion ----------------------------------------------------------------------------------------------------------


ENDS = {
    "revoked": (lambda i, cast: revoke_access(i), "revoked"),
    "disconnected": (lambda i, cast: disconnect_access(i, reason="", by=cast.stan), "ended"),
    "ended by an admin": (lambda i, cast: end_access_as_admin(i, reason="Misuse", by=cast.ada), "ended"),
    "narrowed": (lambda i, cast: change_access(i, scope="partial", areas=["domains", "email"]), "narrowed"),
}


@pytest.mark.parametrize("how", ENDS)
def test_secret_is_deleted_with_the_access(cast: Cast, credential: Credential, how: str) -> None:
    act, because = ENDS[how]
    other = CredentialFactory(need__invitation__customer=credential.invitation.customer)
    act(credential.invitation, cast)
    row = stored(credential)
    assert (row.sealed, row.deleted_because, row.deleted_at is not None) == (None, because, True)
    assert stored(other).sealed is not None


def test_secret_stays_while_the_area_is_covered(credential: Credential) -> None:
    change_access(credential.invitation, scope="partial", areas=["hosting", "email"])
    change_access(AccessInvitation.objects.get(), scope="full", areas=[])
    assert stored(credential).sealed is not None


def test_any_update_of_the_status_deletes_secrets(credential: Credential) -> None:
    # No service has to remember it.
    AccessInvitation.objects.update(status="disconnected", ended_at=timezone.now())
    assert stored(credential).sealed is None


def test_erasure_deletes_the_record_too(cast: Cast, credential: Credential) -> None:
    reveal(credential, customer=credential.invitation.customer, by=cast.stan)
    erase_customer(credential.invitation.customer, by=cast.alice)
    assert not Credential.objects.exists()
    assert not AccessNeed.objects.exists()
    assert not CredentialReveal.objects.exists()


def test_secret_is_deleted_30_days_after_the_first_reveal(kim: Client, cast: Cast, credential: Credential) -> None:
    never = CredentialFactory(need=NeedFactory(invitation=credential.invitation))
    reveal(credential, customer=credential.invitation.customer, by=cast.stan)
    assert delete_revealed_credentials() == 0
    Credential.objects.filter(pk=credential.pk).update(first_revealed_at=timezone.now() - timedelta(days=30, seconds=1))
    reveal(credential, customer=credential.invitation.customer, by=cast.stan)
    assert (delete_revealed_credentials(), delete_revealed_credentials()) == (1, 0)
    assert stored(credential).deleted_because == "revealed"
    assert stored(never).sealed is not None
    assert AuditEvent.objects.filter(action="credential.expired").count() == 1
    page = text(kim, "/my/alder/credentials/")
    assert "deleted 30 days after the first reveal" in page
    assert page.count("Revealed by Stan Stein") == 2


def test_client_sees_the_record_after_revoking(kim: Client, cast: Cast, credential: Credential) -> None:
    reveal(credential, customer=credential.invitation.customer, by=cast.stan)
    kim.post(f"/my/{credential.invitation_id}/revoke/")
    assert kim.get("/my/alder/credentials/").status_code == 404
    page = text(kim, f"/my/{credential.invitation_id}/")
    assert "deleted because access was revoked" in page
    assert "Revealed by Stan Stein" in page


# --- The database ------------------------------------------------------------------------------------------------------


def test_database_rejects_secrets_without_access(cast: Cast, need: AccessNeed, credential: Credential) -> None:
    revoked = NeedFactory(invitation__customer__agency=cast.alder)
    revoke_access(revoked.invitation)
    narrow = NeedFactory(invitation__customer__agency=cast.alder, invitation__scope="partial", invitation__areas=["email"])
    for other in (revoked, narrow):
        with pytest.raises(IntegrityError, match="needs connected access"), transaction.atomic():
            CredentialFactory(need=other)


def test_database_keeps_the_place_of_a_secret(need: AccessNeed, credential: Credential) -> None:
    other = NeedFactory(invitation=need.invitation, name="CMS", area="email")
    for values in ({"need": other}, {"area": "email"}, {"invitation": ConnectedFactory()}, {"key": "0" * 32}):
        with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
            Credential.objects.filter(pk=credential.pk).update(**values)


def test_database_keeps_secrets_deleted(kim: Client, credential: Credential) -> None:
    sealed = bytes(stored(credential).sealed or b"")
    kim.post(f"/my/alder/credentials/{credential.pk}/delete/")
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot"), transaction.atomic():
        Credential.objects.update(sealed=sealed, deleted_at=None, deleted_because="")


# --- Concurrency -------------------------------------------------------------------------------------------------------


#: Errors of a reveal without access.
REFUSALS = (InvalidTransition, PermissionDenied, ValidationError)


def end_access(invitation: AccessInvitation, member: Membership, end: str) -> None:
    """End the access of the agency, or of Stan, in one of several ways."""
    if end == "revoke":
        revoke_access(invitation)
    elif end == "narrow":
        change_access(invitation, scope="partial", areas=["email"])
    elif end == "disconnect":
        disconnect_access(invitation, reason="", by=member.user)
    else:
        remove_member(member, to=None, by=User.objects.get(email="alice@alder.example"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
@pytest.mark.parametrize("end", ["revoke", "narrow", "remove member", "disconnect"])
def test_reveal_and_the_end_of_access_at_the_same_time(cast: Cast, end: str, attempt: int) -> None:
    # The removal of the member also changes the customer, which the reveal locks.
    credential = CredentialFactory(need__invitation__customer__agency=cast.alder, need__invitation__customer__responsible=cast.stan)
    customer, member = credential.invitation.customer, Membership.objects.select_related("user", "agency").get(user=cast.stan)

    def act(number: int) -> object:
        if number:
            return end_access(credential.invitation, member, end)
        return reveal(credential, customer=customer, by=cast.stan)

    revealed, ended = at_once(2, act)
    assert not isinstance(ended, Exception), ended
    # A reveal that came first is recorded, and a later one is refused.
    assert isinstance(revealed, (CredentialContent, *REFUSALS)), repr(revealed)
    assert credential.reveals.count() == isinstance(revealed, CredentialContent)
    with pytest.raises(REFUSALS):
        reveal(credential, customer=customer, by=cast.stan)
    assert (stored(credential).sealed is None) == (end != "remove member")


@pytest.mark.django_db(transaction=True)
def test_reveal_waits_for_a_revocation_and_then_shows_nothing(cast: Cast, credential: Credential) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            revoke_access(credential.invitation)
            revealing = pool.submit(
                lambda: at_once(1, lambda _n: reveal(credential, customer=credential.invitation.customer, by=cast.stan))
            )
            eventually(a_transaction_waits, "the reveal waits for the revocation")
        (revealed,) = revealing.result()
    assert isinstance(revealed, InvalidTransition), revealed
    assert not CredentialReveal.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
def test_handing_over_while_access_is_revoked(cast: Cast, need: AccessNeed, kim: Client, attempt: int) -> None:
    def act(number: int) -> object:
        if number:
            return revoke_access(need.invitation)
        return kim.post(f"/my/alder/credentials/needs/{need.pk}/hand-over/", ENTERED).status_code

    handed_over, ended = at_once(2, act)
    assert handed_over in {302, 404}
    assert not isinstance(ended, Exception), ended
    assert not Credential.objects.current().exists()


@pytest.mark.django_db(transaction=True)
def test_two_credentials_for_one_need_at_the_same_time(cast: Cast) -> None:
    need = NeedFactory(invitation__customer__agency=cast.alder, invitation__client=cast.kim)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(cast.kim)
    address = f"/my/alder/credentials/needs/{need.pk}/hand-over/"
    assert at_once(2, lambda n: clients[n].post(address, ENTERED).status_code) == [302, 302]
    assert Credential.objects.current().count() == 1
    assert Credential.objects.count() == 2
