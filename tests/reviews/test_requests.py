"""`/company/reviews/requests/`: list of requests and actions on one."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews.models import ReviewRequest
from reviews.services.requests import replace_link, resend_request, withdraw_request
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory
from tests.reviews.test_rate import path_of

LIST = "/company/reviews/requests/"
AGO = timedelta(days=3)


@pytest.fixture
def review_request(cast: Cast) -> ReviewRequest:
    return ReviewRequestFactory(customer__agency=cast.alder, mailed_at=timezone.now() - AGO, requested_by=cast.stan)


def act(client: Client, review_request: ReviewRequest, action: str):
    return client.post(f"{LIST}{review_request.pk}/{action}/", follow=True)


def stages(cast: Cast) -> dict[str, ReviewRequest]:
    now = timezone.now()

    def one(**fields) -> ReviewRequest:
        return ReviewRequestFactory(customer__agency=cast.alder, **fields)

    withdrawn = one()
    withdraw_request(withdrawn, by=cast.alice)
    return {
        "open": one(mailed_at=now),
        "answered": ReviewFactory(review_request=one()).request,
        "expired": one(expires_at=now - timedelta(seconds=1)),
        "withdrawn": withdrawn,
        "undeliverable": one(mailed_at=now, undeliverable_at=now),
    }


@pytest.mark.parametrize("stage", ["open", "answered", "expired", "withdrawn", "undeliverable"])
def test_the_list_can_be_filtered_by_each_stage(stan: Client, cast: Cast, stage: str) -> None:
    one_each = stages(cast)
    assert {review_request.stage for review_request in stan.get(LIST).context["page"].items} == set(one_each)
    assert stan.get(LIST, {"state": stage}).context["page"].items == [one_each[stage]]


def test_it_is_searched_by_the_customer_and_filtered_by_the_way(stan: Client, cast: Cast, review_request: ReviewRequest) -> None:
    mill = ReviewRequestFactory(customer__agency=cast.alder, customer__company="Müllerei Größe GmbH")
    ReviewRequestFactory(customer__agency=cast.birch, customer__company="Müllerei Größe GmbH")
    assert stan.get(LIST, {"q": "mullerei"}).context["page"].items == [mill]
    assert stan.get(LIST, {"way": "link"}).context["page"].items == [mill]
    assert stan.get(LIST, {"way": "mail"}).context["page"].items == [review_request]
    assert stan.get(LIST, {"q": "nobody", "state": "nonsense"}).context["page"].items == []


def test_send_again_mails_the_same_link(stan: Client, review_request: ReviewRequest) -> None:
    assert "Review request sent to " in act(stan, review_request, "resend").content.decode()
    mail = OutgoingMail.objects.get()
    assert review_request.link in mail.text
    # A double click.
    act(stan, review_request, "resend")
    assert OutgoingMail.objects.count() == 1
    assert AuditEvent.objects.filter(action="review_request.resent").count() == 1


def test_a_link_that_was_only_created_can_be_mailed(stan: Client, cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    act(stan, review_request, "resend")
    review_request.refresh_from_db()
    assert review_request.mailed_at
    assert AuditEvent.objects.filter(action="review_request.mailed").count() == 1


@pytest.mark.parametrize("why", ["no address", "own staff", "stopped", "lost key"])
def test_resending_needs_a_customer_who_can_be_mailed(stan: Client, cast: Cast, review_request: ReviewRequest, why: str, settings) -> None:
    customer = review_request.customer
    if why == "stopped":
        from reviews import tokens

        cast.alder.review_opt_outs.create(address_digest=tokens.address_digest(customer.email))
    elif why == "lost key":
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 5, []
        stan.force_login(cast.stan)
    else:
        customer.email = "" if why == "no address" else "alice@alder.example"
        customer.save()
    act(stan, review_request, "resend")
    assert not OutgoingMail.objects.exists()


def test_replacing_a_link_invalidates_the_old_one(stan: Client, review_request: ReviewRequest) -> None:
    page = act(stan, review_request, "replace").content.decode()
    new = ReviewRequest.objects.get(status="open")
    assert new.link in page
    assert new.link != review_request.link
    assert (new.customer, new.project, new.mailed_at) == (review_request.customer, review_request.project, None)
    assert Client().get(path_of(review_request)).status_code == 410
    assert Client().get(path_of(new)).status_code == 200


@pytest.mark.parametrize("action", ["resend", "replace", "withdraw"])
@pytest.mark.parametrize("stage", ["answered", "expired", "withdrawn"])
def test_closed_requests_are_not_changed(stan: Client, cast: Cast, stage: str, action: str) -> None:
    review_request = stages(cast)[stage]
    before = list(ReviewRequest.objects.order_by("pk").values())
    assert "This request was already closed" in act(stan, review_request, action).content.decode()
    assert list(ReviewRequest.objects.order_by("pk").values()) == before
    assert not OutgoingMail.objects.exists()


def test_only_an_open_request_offers_actions(stan: Client, cast: Cast) -> None:
    for stage, review_request in stages(cast).items():
        page = stan.get(f"{LIST}{review_request.pk}/").content.decode()
        assert (f"{LIST}{review_request.pk}/resend/" in page) == (stage in {"open", "undeliverable"}), stage


@pytest.mark.django_db(transaction=True)
def test_10_new_links_and_10_mails_at_once_leave_one_open_request(cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer=CustomerFactory(agency=cast.alder))
    at_once(10, lambda n: replace_link(review_request, by=cast.stan) if n % 2 else resend_request(review_request, by=cast.stan))
    assert ReviewRequest.objects.filter(status="open").count() == 1
    assert ReviewRequest.objects.count() == 2
    assert OutgoingMail.objects.count() <= 1


def test_the_page_is_headed_by_the_customer_and_says_when_it_was_sent(stan: Client, cast: Cast) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder, customer__company="Mühle Paulsen", project=None)
    page = stan.get(f"/company/reviews/requests/{review_request.pk}/").content.decode()
    assert re.search(r"<h1>\s*Mühle Paulsen\s*</h1>", page)
    head = page.partition('class="page-line"')[2]
    assert "Company overall" in head
    assert "sent on" not in head
    ReviewRequest.objects.filter(pk=review_request.pk).update(mailed_at=timezone.now())
    head = stan.get(f"/company/reviews/requests/{review_request.pk}/").content.decode().partition('class="page-line"')[2]
    assert "sent on" in head
    assert "Sent by e-mail" in head
