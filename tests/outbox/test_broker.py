"""The broker is away, or hangs: nobody waits for it, and every mail arrives."""

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
    """Generous, for a busy machine: left to itself, Celery tries again for more than 6 s, and waits for an answer for ever."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["unix:///nowhere/broker.sock", "redis://127.0.0.1:9/0"])
def test_a_broker_that_is_away_holds_no_commit_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with broker_at(address, monkeypatch), at_most(5):
        mail = MailFactory()
    mail.refresh_from_db()
    assert mail.status == "queued"


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_hangs_holds_a_commit_up_for_moments_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire() as wire, broker_at(wire.url, monkeypatch):
        # While it still answers, so that there is a connection to hang on.
        MailFactory()
        with wire.dead(), at_most(10):
            MailFactory()
    assert OutgoingMail.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_person_who_asks_for_a_review_meanwhile_notices_nothing(alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = CustomerFactory(agency=cast.alder)
    with broker_at("unix:///nowhere/broker.sock", monkeypatch), at_most(5):
        answer = alice.post("/company/reviews/request/", {"customer": customer.pk, "subject": "company", "send": "Send by e-mail"})
    assert answer.status_code == 302
    assert OutgoingMail.objects.get().to_email == customer.email


def test_what_was_committed_meanwhile_goes_out_with_the_next_sweep(
    worker: Process, smtp_sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker_at("unix:///nowhere/broker.sock", monkeypatch):
        with transaction.atomic():
            mails = MailFactory.create_batch(3)
        # The sweep itself may meet a broker that has just gone: then with the one after.
        assert sweep() == 3
    assert sweep() == 3
    for mail in mails:
        smtp_sink.wait_for(mail.to_email)
    assert len(smtp_sink.mails) == 3
