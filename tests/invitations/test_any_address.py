"""Access requests to any e-mail address."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client

from customers.models import Contact, Customer
from customers.services.customers import erase_customer
from invitations.models import AccessInvitation, AccessRequest
from invitations.views.access_requests import PER_ADDRESS, PER_AGENCY
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.invitations import AccessRequestFactory


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return CustomerFactory(agency=cast.alder, email="lea@client.example", first_name="Lea", last_name="Client", language="de")


def send(browser: Client, customer: Customer, other: str, **fields: Any) -> Any:
    data = {"email": "other", "other_email": other, "scope": "full", **fields}
    return browser.post(f"/customers/{customer.pk}/access/request/", data)


def path(access_request: AccessRequest) -> str:
    return str(access_request.link).removeprefix(str(settings.SITE_URL))


@pytest.mark.parametrize("typed", ["books@else.example", "Books@Else.example", " Bo Oks <books@else.example>;"])
def test_a_request_goes_to_another_address(stan: Client, customer: Customer, typed: str) -> None:
    assert send(stan, customer, typed).status_code == 302
    access_request, mail = AccessRequest.objects.get(), OutgoingMail.objects.get()
    assert access_request.email == mail.to_email == "books@else.example"
    assert mail.customer_id == customer.pk
    # The customer's contact is someone else. Its language is the best guess.
    assert "Lea" not in mail.text and "Guten Tag" in mail.text
    assert list(customer.contacts.values_list("email", flat=True)) == ["lea@client.example"]


def test_only_the_owner_of_this_address_can_answer(stan: Client, kim: Client, cast: Cast, customer: Customer) -> None:
    send(stan, customer, "books@else.example")
    access_request = AccessRequest.objects.get()
    lea, books = Client(), Client()
    lea.force_login(UserFactory(email="lea@client.example"))
    owner = UserFactory(email="books@else.example", full_name="")
    books.force_login(owner)
    for browser in (lea, kim, stan):
        for action in ("", "decline/"):
            response = browser.post(f"{path(access_request)}{action}", {"scope": "full"})
            assert response.status_code == 403
            assert "This request is for another address" in response.content.decode()
            # The sender's own page still shows the message.
            assert browser is stan or "books@else.example" not in response.content.decode()
    EmailAddress.objects.filter(user=owner).update(verified=False)
    assert books.post(path(access_request), {"scope": "full"}).status_code == 403
    EmailAddress.objects.filter(user=owner).update(verified=True)
    # The customer's changed address changes nothing.
    Customer.objects.update(email="books2@else.example")
    assert books.post(path(access_request), {"scope": "full"}).status_code == 302
    given = AccessInvitation.objects.get()
    # Not the customer's own name.
    assert (given.client, given.customer, given.name) == (owner, customer, "books@else.example")


@pytest.mark.parametrize(
    "typed",
    [
        "max@alder.example",
        "MAX@Alder.Example",
        "max+clients@alder.example",
        "Max <max@alder.example>",
        "second@else.example",
        "second+x@else.example",
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_the_teams_own_addresses_are_refused_in_any_spelling(stan: Client, cast: Cast, customer: Customer, typed: str, known: bool) -> None:
    EmailAddress.objects.create(user=cast.alice, email="second@else.example", verified=True)
    if known:
        Customer.objects.update(email=typed.partition("<")[2].rstrip(">") or typed)
        response = send(stan, customer, "", email=customer.contacts.get().email.lower())
    else:
        response = send(stan, customer, typed)
    assert "This address belongs to someone on your team." in response.content.decode()
    assert not AccessRequest.objects.exists()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"other_email": ""}, "Enter an e-mail address."),
        ({"other_email": "nonsense"}, "Enter a valid email address."),
        ({"other_email": "a@b.example, c@d.example"}, "Enter a single e-mail address."),
        ({"email": "lea@client.example", "other_email": "books@else.example"}, "Choose “Another address” as the recipient"),
        ({"email": "books@else.example", "other_email": ""}, "Select a valid choice."),
        ({"email": ""}, "This field is required."),
    ],
)
def test_wrong_input_is_explained(stan: Client, customer: Customer, fields: dict[str, str], error: str) -> None:
    response = send(stan, customer, "", **fields)
    assert (response.status_code, error in response.content.decode()) == (200, True)
    assert not AccessRequest.objects.exists()


def test_a_customer_without_an_address_can_be_requested(stan: Client, cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="")
    page = stan.get(f"/customers/{customer.pk}/access/request/").content.decode()
    assert '<input type="hidden" name="email" value="other"' in page
    assert send(stan, customer, "books@else.example").status_code == 302
    assert AccessRequest.objects.get().email == "books@else.example"


def test_a_second_request_to_another_spelling_of_the_address_is_rejected(stan: Client, customer: Customer) -> None:
    send(stan, customer, "books@größe.example")
    assert "already pending" in send(stan, customer, "BOOKS@xn--gre-6ka8i.example").content.decode()
    assert AccessRequest.objects.count() == 1


@pytest.mark.parametrize("address", ["books@else.example", "Lea@Client.example"])
def test_the_address_can_be_added_as_a_contact(stan: Client, customer: Customer, address: str) -> None:
    assert send(stan, customer, address, add_contact="on").status_code == 302
    added = Contact.objects.filter(customer=customer, is_primary=False)
    assert list(added.values_list("email", "language", "agency")) == (
        [("books@else.example", "de", customer.agency_id)] if "books" in address else []
    )
    assert AuditEvent.objects.filter(action="contact.added").count() == len(added)


def test_nothing_is_added_if_the_request_is_refused(stan: Client, customer: Customer) -> None:
    send(stan, customer, "max@alder.example", add_contact="on")
    assert Contact.objects.count() == 1


def test_requests_to_one_mailbox_are_limited_in_all_spellings(stan: Client, alice: Client, charlie: Client, cast: Cast) -> None:
    for number in range(PER_ADDRESS.times):
        customer = CustomerFactory(agency=cast.alder)
        assert send((stan, alice)[number % 2], customer, f"Books+{number}@else.example").status_code == 302
    response = send(stan, CustomerFactory(agency=cast.alder), "books@else.example", message="Kept.")
    assert response.status_code == 429
    assert "Try again in" in response.content.decode() and "Kept." in response.content.decode()
    pending = AccessRequest.objects.latest("pk")
    AccessRequest.objects.update(mailed_at="2020-01-01T00:00Z")
    assert "Try again in" in stan.post(f"/access-requests/{pending.pk}/resend/", follow=True).content.decode()
    assert OutgoingMail.objects.count() == PER_ADDRESS.times
    # Another agency isn't affected.
    assert send(charlie, CustomerFactory(agency=cast.birch), "books@else.example").status_code == 302


def test_an_agencys_requests_are_limited(stan: Client, cast: Cast, customer: Customer) -> None:
    for number in range(PER_AGENCY.times):
        assert send(stan, customer, f"n{number}@else.example").status_code == 302
    assert send(stan, customer, "last@else.example").status_code == 429
    assert OutgoingMail.objects.count() == PER_AGENCY.times


def test_erasing_the_customer_removes_the_address(stan: Client, cast: Cast, customer: Customer) -> None:
    send(stan, customer, "books@else.example", add_contact="on")
    erase_customer(customer, by=cast.alice)
    assert not AccessRequest.objects.exclude(email="").exists()
    assert not OutgoingMail.objects.exists()
    assert not Contact.objects.filter(email="books@else.example").exists()


def test_requests_of_other_agencies_cannot_be_sent(charlie: Client, customer: Customer) -> None:
    assert send(charlie, customer, "books@else.example").status_code == 404
    AccessRequestFactory(customer=customer)
    assert AccessRequest.objects.count() == 1
