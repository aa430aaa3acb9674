"""An unavailable or unresponsive broker neither blocks requests nor loses e-mails."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client

from partnerportal.outbox.models import OutgoingMail
from partnerportal.outbox.tasks import sweep
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.outbox import MailFactory
from tests.smtp import Sink
from tests.workers import Process, Wire, broker_at


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer. By default, Celery retries for over 6 s and waits for responses indefinitely."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["unix:///nowhere/broker.sock", "redis://127.0.0.1:9/0"])
def test_unavailable_broker_does_not_delay_a_commit(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with broker_at(address, monkeypatch), at_most(5):
        mail = MailFactory()
    mail.refresh_from_db()
    assert mail.status == "queued"


@pytest.mark.django_db(transaction=True)
def test_unresponsive_broker_delays_a_commit_only_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire() as wire, broker_at(wire.url, monkeypatch):
        # Opens a connection while the broker still responds.
        MailFactory()
        with wire.dead(), at_most(10):
            MailFactory()
    assert OutgoingMail.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_review_request_succeeds_without_a_broker(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = CustomerFactory(agency=cast.alder)
    with broker_at("unix:///nowhere/broker.sock", monkeypatch), at_most(5):
        answer = alice.post("/company/reviews/request/", {"customer": customer.pk, "subject": "company", "send": "Send by e-mail"})
    assert answer.status_code == 302
    assert OutgoingMail.objects.get().to_email == customer.email


def test_next_sweep_sends_emails_committed_without_a_broker(worker: Process, smtp_sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    with broker_at("unix:///nowhere/broker.sock", monkeypatch):
        with transaction.atomic():
            mails = MailFactory.create_batch(3)
        # This sweep finds no broker either; the next one sends the e-mails.
        assert sweep() == 3
    assert sweep() == 3
    for mail in mails:
        smtp_sink.wait_for(mail.to_email)
    assert len(smtp_sink.mails) == 3
