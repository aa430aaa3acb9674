"""Team members can't review their own agency, in any spelling of their address."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from partnerportal.agencies.models import Membership
from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review, ReviewRequest
from reviews.services.requests import replace_link, resend_request
from tests.cast import Cast
from tests.factories.accounts import UserFactory
from tests.factories.customers import CustomerFactory
from tests.factories.reviews import ReviewRequestFactory
from tests.reviews.test_rate import ANSWERS, path_of

WIZARD = "/company/reviews/request/"

#: Spellings of the addresses of Stan, a member of Alder; one is unconfirmed.
STANS = [
    "stan@alder.example",
    "Stan+Kunde@Alder.example",
    "stan+a+b@alder.example",
    "stan@bücher.example",
    "STAN+kunde@BÜCHER.example",
    "stan+kunde@xn--bcher-kva.example",
    "stan+kunde@straße.example",
    "stan@xn--strae-oqa.example",
    "stan+other@home.example",
    "stan@home.example",
]
OTHERS = [
    "stanley@alder.example",
    "sta@alder.example",
    "stan@alder.example.org",
    "+stan@alder.example",
    "stan@strasse.example",
    "s+tan@alder.example",
]


@pytest.fixture
def stan_has_more_addresses(cast: Cast) -> None:
    cast.stan.emailaddress_set.create(email="stan@bücher.example", verified=True)
    cast.stan.emailaddress_set.create(email="stan@straße.example", verified=True)
    cast.stan.emailaddress_set.create(email="stan+portal@home.example", verified=False)


@pytest.mark.parametrize("address", STANS)
@pytest.mark.parametrize("way", ["send", "link"])
@pytest.mark.usefixtures("stan_has_more_addresses")
def test_no_review_is_requested_from_it(cast: Cast, alice: Client, address: str, way: str) -> None:
    customer = CustomerFactory(agency=cast.alder, email=address)
    page = alice.post(WIZARD, {"customer": customer.pk, "subject": "company", way: "1"}, follow=True).content.decode()
    assert "Team members can’t review their own agency" in page
    assert not ReviewRequest.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("address", STANS)
@pytest.mark.usefixtures("stan_has_more_addresses")
def test_it_can_not_answer_or_get_the_link_again(cast: Cast, address: str) -> None:
    """The customer or the member got the address after the request."""
    review_request = ReviewRequestFactory(customer__agency=cast.alder, customer__email=address)
    page = Client().post(path_of(review_request), ANSWERS).content.decode()
    assert "Team members can’t review their own agency" in page
    assert not Review.objects.exists()
    for step in (resend_request, replace_link):
        with pytest.raises(ValidationError, match="review their own agency"):
            step(review_request, by=cast.alice)
    review_request.refresh_from_db()
    assert review_request.current_status == "open"


def test_members_who_joined_after_the_request_can_not_answer(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, customer__email="kim+work@client.example")
    Membership.objects.create(agency=cast.alder, user=UserFactory(email="kim@client.example"), role="staff")
    page = Client().post(path_of(review_request), ANSWERS).content.decode()
    assert "Team members can’t review their own agency" in page
    assert not Review.objects.exists()


@pytest.mark.parametrize("address", OTHERS)
@pytest.mark.usefixtures("stan_has_more_addresses")
def test_similar_addresses_can_answer(cast: Cast, address: str) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, customer__email=address)
    assert Client().post(path_of(review_request), ANSWERS).status_code == 302
    assert Review.objects.get().request == review_request


def test_members_of_other_agencies_can_answer(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.birch, customer__email="stan+x@alder.example")
    assert Client().post(path_of(review_request), ANSWERS).status_code == 302


def test_mail_and_sign_in_keep_the_sub_address(cast: Cast, alice: Client) -> None:
    customer = CustomerFactory(agency=cast.alder, email="kim+shop@client.example")
    alice.post(WIZARD, {"customer": customer.pk, "subject": "company", "send": "1"})
    assert OutgoingMail.objects.get().to_email == "kim+shop@client.example"
    OutgoingMail.objects.all().delete()
    Client().post("/accounts/login/code/", {"email": "stan+x@alder.example"})
    assert not OutgoingMail.objects.filter(to_email="stan@alder.example").exists()
    alice.post("/company/team/invite/", {"email": "stan+x@alder.example", "role": "staff"})
    assert OutgoingMail.objects.filter(to_email="stan+x@alder.example", kind="team_invitation").exists()
