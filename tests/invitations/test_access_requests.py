"""“Send access request”: the agency asks, the asked address grants, grants less, or declines."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from customers.models import Customer
from customers.services.customers import erase_customer
from invitations.models import AccessInvitation, AccessRequest
from partnerportal.core import tokens
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
def asked(customer: Customer, cast: Cast) -> AccessRequest:
    return AccessRequestFactory(
        customer=customer,
        email="kim@client.example",
        requested_by=cast.stan,
        scope="partial",
        areas=["email", "domains"],
        message="<b>Hi</b>",
    )


def path(asked: AccessRequest) -> str:
    return asked.link.removeprefix(settings.SITE_URL)


def test_asking_mails_a_link(stan: Client, customer: Customer) -> None:
    fields = {"email": "kim@client.example", "scope": "partial", "areas": ["email"], "message": "For the <move>"}
    page = stan.post(f"/customers/{customer.pk}/access/request/", fields, follow=True).content.decode()
    asked = AccessRequest.objects.get()
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("access_request", "kim@client.example", "stan@alder.example")
    assert asked.link in mail.text
    assert "Stan Stein of Alder Web is requesting partial access: E-mail." in mail.text
    assert "> For the <move>" in mail.text and "For the &lt;move&gt;" in mail.html
    for text in ("Requested from kim@client.example", "Access requested from kim@client.example (partial access: E-mail)", "Resend"):
        assert text in " ".join(page.split())


def test_the_link_is_not_stored(asked: AccessRequest) -> None:
    token = path(asked).split("/")[2]
    assert len(token) == 32
    assert token not in (asked.nonce, asked.token_digest)
    assert tokens.hash_token(token) == asked.token_digest
    assert REVIEW_LINKS.token_for(asked.nonce) != token


def test_only_the_customers_addresses_can_be_asked(stan: Client, customer: Customer, cast: Cast) -> None:
    given = ConnectedFactory(customer=customer, scope="partial", areas=["email"])
    offered = stan.get(f"/customers/{customer.pk}/access/request/").content.decode()
    assert given.client.email in offered and "kim@client.example" in offered
    for email in ("else@where.example", ""):
        stan.post(f"/customers/{customer.pk}/access/request/", {"email": email, "scope": "full"})
    Customer.objects.update(email="max@alder.example")
    response = stan.post(f"/customers/{customer.pk}/access/request/", {"email": "max@alder.example", "scope": "full"})
    assert "This address belongs to someone on your team." in response.content.decode()
    assert not AccessRequest.objects.exists()


def test_nobody_to_ask(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="")
    assert "No e-mail address" in stan.get(f"/customers/{customer.pk}/access/request/").content.decode()


def test_one_waiting_request_for_an_address(stan: Client, asked: AccessRequest) -> None:
    response = stan.post(f"/customers/{asked.customer_id}/access/request/", {"email": "kim@client.example", "scope": "full"})
    assert "A request to this address is already pending" in response.content.decode()
    assert AccessRequest.objects.count() == 1


def test_the_page_shows_who_asks_for_what_and_grants_nothing_by_itself(kim: Client, asked: AccessRequest) -> None:
    for _ in range(2):
        response = kim.get(path(asked))
    page = response.content.decode()
    assert "Stan Stein of Alder Web is requesting partial access: Domains, E-mail." in " ".join(page.split())
    assert "&lt;b&gt;Hi&lt;/b&gt;" in page
    assert (response["X-Robots-Tag"], response["Referrer-Policy"]) == ("noindex, nofollow", "strict-origin")
    assert AccessRequest.objects.get().status == "pending"
    assert not AccessInvitation.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_granting_less(kim: Client, stan: Client, asked: AccessRequest, cast: Cast) -> None:
    response = kim.post(path(asked), {"scope": "partial", "areas": ["email"]}, follow=True)
    assert response.redirect_chain == [("/my/", 302)]
    given = AccessInvitation.objects.get()
    assert (given.status, given.customer, given.client, given.areas) == ("connected", asked.customer, cast.kim, ["email"])
    asked.refresh_from_db()
    assert (asked.status, asked.invitation) == ("granted", given)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email) == ("access_request_granted", "stan@alder.example")
    assert "You now have partial access: E-mail." in mail.text
    page = stan.get(asked.customer.get_absolute_url()).content.decode()
    assert "granted the access request (partial access: E-mail)" in page


@pytest.mark.parametrize(
    "more", [{"scope": "full"}, {"scope": "partial", "areas": ["email", "contracts"]}, {"scope": "partial", "areas": []}]
)
def test_no_more_than_was_asked_for(kim: Client, asked: AccessRequest, more: dict[str, object]) -> None:
    assert kim.post(path(asked), more).status_code == 200
    assert not AccessInvitation.objects.exists()


def test_granting_adds_to_what_was_given_before(kim: Client, asked: AccessRequest, cast: Cast) -> None:
    given = ConnectedFactory(customer=asked.customer, client=cast.kim, scope="partial", areas=["contracts"])
    kim.post(path(asked), {"scope": "partial", "areas": ["email"]})
    given.refresh_from_db()
    assert given.areas == ["email", "contracts"]
    assert AccessInvitation.objects.count() == 1


def test_who_has_given_everything_takes_nothing_away_by_granting(kim: Client, asked: AccessRequest, cast: Cast) -> None:
    given = ConnectedFactory(customer=asked.customer, client=cast.kim, scope="full")
    kim.post(path(asked), {"scope": "partial", "areas": ["email"]})
    given.refresh_from_db()
    asked.refresh_from_db()
    assert (given.scope, given.areas, asked.invitation) == ("full", [], given)


def test_the_history_of_an_access_tells_of_the_request_it_came_from(kim: Client, stan: Client, asked: AccessRequest) -> None:
    kim.post(path(asked), {"scope": "partial", "areas": ["email"]})
    given = AccessInvitation.objects.get()
    assert "granted the access request (partial access: E-mail)" in stan.get(given.get_absolute_url()).content.decode()
    assert "You granted the access request (partial access: E-mail)" in kim.get(f"/my/{given.pk}/").content.decode()


def test_who_works_there_meanwhile_grants_nothing(kim: Client, asked: AccessRequest, cast: Cast) -> None:
    MembershipFactory(agency=cast.alder, user=cast.kim)
    page = kim.post(path(asked), {"scope": "partial", "areas": ["email"]})
    assert "You work for Alder Web" in page.content.decode()
    assert not AccessInvitation.objects.exists()


def test_declining(kim: Client, asked: AccessRequest) -> None:
    assert kim.get(f"{path(asked)}decline/").status_code == 405
    kim.post(f"{path(asked)}decline/")
    asked.refresh_from_db()
    assert asked.status == "declined"
    assert OutgoingMail.objects.get().kind == "access_request_declined"
    assert not AccessInvitation.objects.exists()
    response = kim.get(path(asked))
    assert (response.status_code, "You’ve declined" in response.content.decode()) == (410, True)


@pytest.mark.parametrize("action", ["", "decline/"])
def test_nobody_else_can_answer(alice: Client, stan: Client, asked: AccessRequest, cast: Cast, action: str) -> None:
    other = Client()
    other.force_login(ConnectedFactory().client)
    for browser in (alice, stan, other):
        response = browser.post(f"{path(asked)}{action}", {"scope": "partial", "areas": ["email"]})
        assert response.status_code == 403
        assert "This request is for another address" in response.content.decode()
        assert "kim@client.example" not in response.content.decode()
    assert Client().post(f"{path(asked)}{action}").status_code == 302
    assert AccessRequest.objects.get().status == "pending"


def test_an_unconfirmed_address_is_not_enough(kim: Client, asked: AccessRequest, cast: Cast) -> None:
    cast.kim.emailaddress_set.update(verified=False)
    assert kim.get(path(asked)).status_code == 403


def test_mailed_links_act_by_no_form_without_its_token(asked: AccessRequest, cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.kim)
    assert client.post(path(asked), {"scope": "partial", "areas": ["email"]}).status_code == 403
    assert AccessRequest.objects.get().status == "pending"


def test_a_mistyped_link(kim: Client, asked: AccessRequest) -> None:
    assert kim.get(f"/a/{'x' * 32}/").status_code == 404
    assert kim.post("/a/%00/decline/").status_code == 404


def test_sending_again_keeps_the_link_and_gives_time_anew(stan: Client, asked: AccessRequest) -> None:
    def again() -> str:
        return stan.post(f"/access-requests/{asked.pk}/resend/", follow=True).content.decode()

    assert "It was sent a moment ago" in again()
    old = timezone.now() - timedelta(days=20)
    AccessRequest.objects.update(mailed_at=old, expires_at=old + timedelta(days=30))
    assert "Access request resent" in again()
    after = AccessRequest.objects.get()
    assert after.link == asked.link
    assert after.expires_at > timezone.now() + timedelta(days=29)
    assert asked.link in OutgoingMail.objects.get().text


def test_withdrawing_closes_the_link(stan: Client, kim: Client, asked: AccessRequest) -> None:
    stan.post(f"/access-requests/{asked.pk}/withdraw/")
    assert OutgoingMail.objects.get().kind == "access_request_withdrawn"
    assert kim.get(path(asked)).status_code == 410
    kim.post(path(asked), {"scope": "partial", "areas": ["email"]})
    assert not AccessInvitation.objects.exists()
    page = stan.post(f"/access-requests/{asked.pk}/resend/", follow=True).content.decode()
    assert "This has since been withdrawn." in page


def test_an_erased_customers_link_is_closed(kim: Client, asked: AccessRequest, cast: Cast) -> None:
    link = path(asked)
    erase_customer(asked.customer, by=cast.alice)
    assert kim.get(link).status_code in {403, 410}
    asked.refresh_from_db()
    assert (asked.status, asked.email, asked.message) == ("withdrawn", "", "")
