"""Concurrent erasures, answers and withdrawals of a review and its request."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from customers.services.customers import archive_customer, erase_customer
from partnerportal.core.pending import InvalidTransition
from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review, ReviewRequest
from reviews.services.opt_outs import OptOut, opt_out
from reviews.services.requests import remind, replace_link, request_review, resend_request, withdraw_request
from reviews.services.reviews import NotEditable, edit_review, submit_review
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory, same_rating
from tests.polling import eventually
from tests.reviews.test_rate import ANSWERS, path_of

STARS = same_rating(5)
WAITING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def while_open(first: Callable[[], object], second: Callable[[], Any]) -> Any:
    """Start `second` within the transaction of `first`, and return its result or exception."""

    def run() -> Any:
        try:
            return second()
        except Exception as error:  # noqa: BLE001  # checked by the test
            return error
        finally:
            connection.close()

    def waits() -> bool:
        with connection.cursor() as cursor:
            # PostgreSQL caches statistics within a transaction.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            return bool(cursor.fetchone()[0])

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            other = pool.submit(run)
            eventually(lambda: other.done() or waits(), "the second call has finished or is blocked")
        return other.result(timeout=20)


@pytest.mark.django_db(transaction=True)
def test_editing_during_an_erasure_does_not_restore_the_name(cast: Cast) -> None:
    review = ReviewFactory(review_request__customer__agency=cast.alder)
    customer = review.request.customer
    answers = {**STARS, "text": "New", "author": "Lea Brandt", "display_name_as": "full"}
    result = while_open(lambda: erase_customer(customer, by=cast.alice), lambda: edit_review(review, **answers))
    assert isinstance(result, NotEditable)
    review.refresh_from_db()
    assert review.author == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["submit", "replace", "resend", "withdraw"])
def test_actions_on_an_erased_request_are_rejected(cast: Cast, action: str) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    does: dict[str, Callable[[], object]] = {
        "submit": lambda: submit_review(review_request, **STARS, text="", author="Lea", display_name_as="full"),
        "replace": lambda: replace_link(review_request, by=cast.stan),
        "resend": lambda: resend_request(review_request, by=cast.stan),
        "withdraw": lambda: withdraw_request(review_request, by=cast.stan),
    }
    result = while_open(lambda: erase_customer(review_request.customer, by=cast.alice), does[action])
    assert isinstance(result, InvalidTransition)
    assert not ReviewRequest.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_new_links_and_erasures_do_not_deadlock(cast: Cast) -> None:
    many = [ReviewRequestFactory(customer__agency=cast.alder) for _number in range(8)]

    def both(number: int) -> object:
        review_request = many[number // 2]
        return replace_link(review_request, by=cast.stan) if number % 2 else erase_customer(review_request.customer, by=cast.alice)

    for result in at_once(16, both):
        assert isinstance(result, ReviewRequest | bool | InvalidTransition)
    assert not ReviewRequest.objects.exists()


@pytest.mark.parametrize("end", ["answer", "withdraw", "replace"])
@pytest.mark.parametrize("mail", ["request", "reminder"])
def test_queued_mails_with_a_closed_link_are_deleted(cast: Cast, settings, end: str, mail: str) -> None:
    customer = CustomerFactory(agency=cast.alder)
    review_request = request_review(customer=customer, project=None, by=cast.stan, by_mail=True)
    if mail == "reminder":
        OutgoingMail.objects.update(status=OutgoingMail.Status.SENT, sent_at=timezone.now())
        ReviewRequest.objects.update(mailed_at=timezone.now() - timedelta(days=settings.REVIEW_REMINDER_DAYS))
        assert remind(review_request.pk)
    else:
        # Resending replaces the queued e-mail.
        ReviewRequest.objects.update(mailed_at=timezone.now() - timedelta(minutes=2))
        assert resend_request(review_request, by=cast.stan)
        assert OutgoingMail.objects.count() == 1
    other = request_review(customer=customer, project=customer.projects.create(title="Shop", agency=cast.alder), by=cast.stan, by_mail=True)
    if end == "answer":
        Client().post(path_of(review_request), ANSWERS)
        assert Review.objects.exists()
    else:
        {"withdraw": withdraw_request, "replace": replace_link}[end](review_request, by=cast.stan)
    queued = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED)
    assert [row.pk for row in queued] == [other.mail_id]


@pytest.mark.parametrize("action", ["resend", "replace"])
def test_archived_customers_are_not_asked_again(cast: Cast, action: str) -> None:
    review_request = ReviewRequestFactory(customer__agency=cast.alder)
    archive_customer(review_request.customer, by=cast.alice)
    stan = Client()
    stan.force_login(cast.stan)
    page = stan.post(f"/company/reviews/requests/{review_request.pk}/{action}/", follow=True).content.decode()
    assert "no longer active" in page
    assert not OutgoingMail.objects.exists()
    assert ReviewRequest.objects.get().current_status == "open"


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_during_a_request_deletes_its_email(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder)
    target = OptOut(customer, address_digest(customer.email))
    while_open(lambda: request_review(customer=customer, project=None, by=cast.stan, by_mail=True), lambda: opt_out(target))
    assert cast.alder.review_opt_outs.exists()
    assert not OutgoingMail.objects.exists()
