"""Tests of access requests."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import erase_customer
from invitations.models import AccessInvitation, AccessRequest
from invitations.tasks import expire
from partnerportal.agencies.models import DigestItem, Membership, Mode, Notification
from partnerportal.core import tokens
from partnerportal.desk.digest.services import send_due_digests
from partnerportal.outbox.models import OutgoingMail
from reviews.tokens import REVIEW_LINKS
from tests.cast import Cast
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory, ConnectedFactory


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, email="Kim@client.example", first_name="Kim", last_name="Client")


@pytest.fixture
def access_request(customer: Customer, cast: Cast) -> AccessRequest:
    return AccessRequestFactory(
        customer=customer,
        email="kim@client.example",
        requested_by=cast.stan,
        scope="partial",
        areas=["email", "domains"],
        message="<b>Hi</b>",
    )


def path(access_request: AccessRequest) -> str:
    return access_request.link.removeprefix(settings.SITE_URL)


def test_requesting_access_sends_a_link(stan: Client, customer: Customer) -> None:
    fields = {"email": "kim@client.example", "scope": "partial", "areas": ["email"], "message": "For the <move>"}
    page = stan.post(f"/customers/{customer.pk}/access/request/", fields, follow=True).content.decode()
    access_request = AccessRequest.objects.get()
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("access_request", "kim@client.example", "stan@alder.example")
    assert access_request.link in mail.text
    assert "Stan Stein of Alder Web is requesting partial access: E-mail." in mail.text
    assert "> For the <move>" in mail.text and "For the &lt;move&gt;" in mail.html
    for text in ("Requested from kim@client.example", "Access requested from kim@client.example (partial access: E-mail)", "Resend"):
        assert text in " ".join(page.split())


def test_link_token_is_not_stored(access_request: AccessRequest) -> None:
    token = path(access_request).split("/")[2]
    assert len(token) == 32
    assert token not in (access_request.nonce, access_request.token_digest)
    assert tokens.hash_token(token) == access_request.token_digest
    assert REVIEW_LINKS.token_for(access_request.nonce) != token


def test_form_offers_the_known_addresses(stan: Client, customer: Customer, cast: Cast) -> None:
    invitation = ConnectedFactory(customer=customer, scope="partial", areas=["email"])
    form = stan.get(f"/customers/{customer.pk}/access/request/").context["form"]
    assert [value for value, _label in form.fields["email"].choices] == ["kim@client.example", invitation.client.email, "other"]


def test_second_pending_request_to_an_address_is_rejected(stan: Client, access_request: AccessRequest) -> None:
    response = stan.post(f"/customers/{access_request.customer_id}/access/request/", {"email": "kim@client.example", "scope": "full"})
    assert "A request to this address is already pending" in response.content.decode()
    assert AccessRequest.objects.count() == 1


def test_page_shows_the_request_and_get_grants_nothing(kim: Client, access_request: AccessRequest) -> None:
    for _ in range(2):
        response = kim.get(path(access_request))
    page = response.content.decode()
    assert "Stan Stein of Alder Web is requesting partial access: Domains, E-mail." in " ".join(page.split())
    assert "&lt;b&gt;Hi&lt;/b&gt;" in page
    assert (response["X-Robots-Tag"], response["Referrer-Policy"]) == ("noindex, nofollow", "strict-origin")
    assert AccessRequest.objects.get().status == "pending"
    assert not AccessInvitation.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_client_can_grant_less_than_requested(kim: Client, stan: Client, access_request: AccessRequest, cast: Cast) -> None:
    response = kim.post(path(access_request), {"scope": "partial", "areas": ["email"]}, follow=True)
    assert response.redirect_chain == [("/my/", 302)]
    invitation = AccessInvitation.objects.get()
    assert (invitation.status, invitation.customer, invitation.client, invitation.areas) == (
        "connected",
        access_request.customer,
        cast.kim,
        ["email"],
    )
    access_request.refresh_from_db()
    assert (access_request.status, access_request.invitation) == ("granted", invitation)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email) == ("access_request_granted", "stan@alder.example")
    assert "You now have partial access: E-mail." in mail.text
    page = stan.get(access_request.customer.get_absolute_url()).content.decode()
    assert "granted the access request (partial access: E-mail)" in page


@pytest.mark.parametrize(
    "more", [{"scope": "full"}, {"scope": "partial", "areas": ["email", "contracts"]}, {"scope": "partial", "areas": []}]
)
def test_client_cannot_grant_more_than_requested(kim: Client, access_request: AccessRequest, more: dict[str, object]) -> None:
    assert kim.post(path(access_request), more).status_code == 200
    assert not AccessInvitation.objects.exists()


def test_granting_extends_existing_access(kim: Client, access_request: AccessRequest, cast: Cast) -> None:
    invitation = ConnectedFactory(customer=access_request.customer, client=cast.kim, scope="partial", areas=["contracts"])
    kim.post(path(access_request), {"scope": "partial", "areas": ["email"]})
    invitation.refresh_from_db()
    assert invitation.areas == ["email", "contracts"]
    assert AccessInvitation.objects.count() == 1


def test_granting_does_not_reduce_full_access(kim: Client, access_request: AccessRequest, cast: Cast) -> None:
    invitation = ConnectedFactory(customer=access_request.customer, client=cast.kim, scope="full")
    kim.post(path(access_request), {"scope": "partial", "areas": ["email"]})
    invitation.refresh_from_db()
    access_request.refresh_from_db()
    assert (invitation.scope, invitation.areas, access_request.invitation) == ("full", [], invitation)


def test_activity_of_an_access_includes_its_request(kim: Client, stan: Client, access_request: AccessRequest) -> None:
    kim.post(path(access_request), {"scope": "partial", "areas": ["email"]})
    invitation = AccessInvitation.objects.get()
    assert "granted the access request (partial access: E-mail)" in stan.get(invitation.get_absolute_url()).content.decode()
    assert "You granted the access request (partial access: E-mail)" in kim.get(f"/my/{invitation.pk}/").content.decode()


def test_client_who_joined_the_agency_cannot_grant(kim: Client, access_request: AccessRequest, cast: Cast) -> None:
    MembershipFactory(agency=cast.alder, user=cast.kim)
    page = kim.post(path(access_request), {"scope": "partial", "areas": ["email"]})
    assert "You work for Alder Web" in page.content.decode()
    assert not AccessInvitation.objects.exists()


def test_declining_notifies_the_agency_and_closes_the_link(kim: Client, access_request: AccessRequest) -> None:
    assert kim.get(f"{path(access_request)}decline/").status_code == 405
    kim.post(f"{path(access_request)}decline/")
    access_request.refresh_from_db()
    assert access_request.status == "declined"
    assert OutgoingMail.objects.get().kind == "access_request_declined"
    assert not AccessInvitation.objects.exists()
    response = kim.get(path(access_request))
    assert (response.status_code, "You’ve declined" in response.content.decode()) == (410, True)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("grant", "Access from {name}: connected"),
        ("decline", "Access request to {name}: declined"),
        ("expire", "Access request to {name}: expired"),
    ],
)
def test_members_with_the_digest_find_the_answer_there(
    kim: Client, access_request: AccessRequest, cast: Cast, answer: str, line: str
) -> None:
    member = Membership.objects.get(user=cast.stan)
    member.set_notification(Notification.ACCESS, Mode.DIGEST)
    # An invitation with the same key as the request is another object.
    if answer != "grant":
        ConnectedFactory(pk=access_request.pk, customer__agency=cast.alder, name="Another one", agency=cast.alder)
    if answer == "expire":
        AccessRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert expire() == 1
    else:
        fields = {"scope": "partial", "areas": ["email"]} if answer == "grant" else {}
        kim.post(f"{path(access_request)}{'' if answer == 'grant' else 'decline/'}", fields)
    assert not OutgoingMail.objects.filter(to_email=cast.stan.email).exists()
    Membership.objects.update(digest_from=datetime(2020, 1, 1, tzinfo=UTC))
    list(send_due_digests(datetime(2026, 6, 10, 7, 0, tzinfo=UTC)))
    text = OutgoingMail.objects.get(kind="digest", to_email=cast.stan.email).text
    target = access_request.customer if answer != "grant" else AccessInvitation.objects.latest("pk")
    line = line.format(name=access_request.customer.display_name)
    assert f"* {line}\n" in text and f"{settings.SITE_URL}{target.get_absolute_url()}" in text and "Another one" not in text, text
    assert not DigestItem.objects.exists()


def test_the_digest_leaves_out_requests_to_erased_customers(kim: Client, access_request: AccessRequest, cast: Cast) -> None:
    Membership.objects.get(user=cast.stan).set_notification(Notification.ACCESS, Mode.DIGEST)
    kim.post(f"{path(access_request)}decline/")
    assert DigestItem.objects.get().kind == "access_requests"
    erase_customer(access_request.customer, by=cast.alice)
    Membership.objects.update(digest_from=datetime(2020, 1, 1, tzinfo=UTC))
    list(send_due_digests(datetime(2026, 6, 10, 7, 0, tzinfo=UTC)))
    assert not OutgoingMail.objects.filter(kind="digest").exists()


@pytest.mark.parametrize("action", ["", "decline/"])
def test_other_users_cannot_answer(alice: Client, stan: Client, access_request: AccessRequest, cast: Cast, action: str) -> None:
    other = Client()
    other.force_login(ConnectedFactory().client)
    for browser in (alice, stan, other):
        response = browser.post(f"{path(access_request)}{action}", {"scope": "partial", "areas": ["email"]})
        assert response.status_code == 403
        assert "This request is for another address" in response.content.decode()
        assert "kim@client.example" not in response.content.decode()
    assert Client().post(f"{path(access_request)}{action}").status_code == 302
    assert AccessRequest.objects.get().status == "pending"


def test_unconfirmed_address_cannot_open_the_request(kim: Client, access_request: AccessRequest, cast: Cast) -> None:
    cast.kim.emailaddress_set.update(verified=False)
    assert kim.get(path(access_request)).status_code == 403


def test_answering_requires_a_csrf_token(access_request: AccessRequest, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.kim)
    assert client.post(path(access_request), {"scope": "partial", "areas": ["email"]}).status_code == 403
    assert AccessRequest.objects.get().status == "pending"


def test_unknown_link_returns_404(kim: Client, access_request: AccessRequest) -> None:
    assert kim.get(f"/a/{'x' * 32}/").status_code == 404
    assert kim.post("/a/%00/decline/").status_code == 404


def test_resending_keeps_the_link_and_restarts_the_term(stan: Client, access_request: AccessRequest) -> None:
    def resend() -> str:
        return stan.post(f"/access-requests/{access_request.pk}/resend/", follow=True).content.decode()

    assert "It was sent a moment ago" in resend()
    old = timezone.now() - timedelta(days=20)
    AccessRequest.objects.update(mailed_at=old, expires_at=old + timedelta(days=30))
    assert "Access request resent" in resend()
    after = AccessRequest.objects.get()
    assert after.link == access_request.link
    assert after.expires_at > timezone.now() + timedelta(days=29)
    assert access_request.link in OutgoingMail.objects.get().text


def test_withdrawing_closes_the_link(stan: Client, kim: Client, access_request: AccessRequest) -> None:
    stan.post(f"/access-requests/{access_request.pk}/withdraw/")
    assert OutgoingMail.objects.get().kind == "access_request_withdrawn"
    assert kim.get(path(access_request)).status_code == 410
    kim.post(path(access_request), {"scope": "partial", "areas": ["email"]})
    assert not AccessInvitation.objects.exists()
    page = stan.post(f"/access-requests/{access_request.pk}/resend/", follow=True).content.decode()
    assert "This has since been withdrawn." in page


def test_erasing_the_customer_closes_the_link(kim: Client, access_request: AccessRequest, cast: Cast) -> None:
    link = path(access_request)
    erase_customer(access_request.customer, by=cast.alice)
    assert kim.get(link).status_code in {403, 410}
    access_request.refresh_from_db()
    assert (access_request.status, access_request.email, access_request.message) == ("withdrawn", "", "")
