"""Requests whose e-mail could not be delivered."""

import pytest
from django.test import Client

from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.services import resend
from reviews.models import ReviewRequest
from reviews.services.requests import request_review
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.polling import eventually
from tests.smtp import Sink
from tests.workers import Process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("celery_beat")]


def is_undeliverable() -> bool:
    return ReviewRequest.objects.get().undeliverable_at is not None


def test_permanent_failures_are_recorded_until_a_later_mail_arrives(cast: Cast, celery_worker: Process, smtp_sink: Sink) -> None:
    smtp_sink.refuse("RCPT", "550 5.1.1 No such user", times=1)
    review_request = request_review(customer=CustomerFactory(agency=cast.alder), project=None, by=cast.stan, by_mail=True)
    eventually(is_undeliverable, "the request is marked as undeliverable", otherwise=celery_worker.logged)
    assert AuditEvent.objects.get(action="review_request.undeliverable").customer_id == review_request.customer_id

    staff = Client()
    staff.force_login(cast.stan)
    page = staff.get(f"/company/reviews/requests/{review_request.pk}/").content.decode()
    assert "could not be delivered" in page
    assert "No such user" in page
    # The link still works, because it can be shared in another way.
    assert review_request.current_status == "open"

    notice = OutgoingMail.objects.get(kind="review_undeliverable")
    assert (notice.to_email, notice.customer_id) == (cast.stan.email, review_request.customer_id)

    resend(OutgoingMail.objects.get(kind="review_request"), by=cast.ada)
    eventually(lambda: not is_undeliverable(), "it has arrived after all", otherwise=celery_worker.logged)


def test_temporary_failures_are_not_recorded(cast: Cast, celery_worker: Process, smtp_sink: Sink) -> None:
    smtp_sink.refuse("RCPT", "450 4.2.0 Greylisted", times=1)
    review_request = request_review(customer=CustomerFactory(agency=cast.alder), project=None, by=cast.stan, by_mail=True)
    assert smtp_sink.wait_for(review_request.customer.email)
    eventually(lambda: OutgoingMail.objects.get().status == "sent", "it is written down", otherwise=celery_worker.logged)
    assert not is_undeliverable()
