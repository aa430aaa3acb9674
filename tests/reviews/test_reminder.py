"""The only reminder, a week after the request, unless it was closed or the customer opted out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews import tokens
from reviews.models import ReviewRequest
from reviews.services import requests as request_services
from reviews.services.requests import remind, remind_due
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.agencies import MembershipFactory
from tests.factories.customers import ProjectFactory
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory


def mailed(cast: Cast, days_ago: float = 8, **fields) -> ReviewRequest:
    fields = {"customer__agency": cast.alder, "requested_by": cast.stan, **fields}
    return ReviewRequestFactory(mailed_at=timezone.now() - timedelta(days=days_ago), **fields)


def test_it_goes_out_once_in_the_customers_language_with_the_same_link(cast: Cast) -> None:
    project = ProjectFactory(customer__agency=cast.alder, customer__language="de", title="Relaunch")
    review_request = mailed(cast, customer=project.customer, project=project)
    assert (remind_due(), remind_due()) == (1, 0)
    mail = OutgoingMail.objects.get()
    assert (mail.kind, mail.to_email, mail.reply_to) == ("review_reminder", project.customer.email, "stan@alder.example")
    assert mail.text.startswith("Guten Tag Lea Brandt,")
    assert review_request.link in mail.text
    assert "Erinnerung" in mail.subject
    assert AuditEvent.objects.get(action="review_request.reminded").source == "system"


def test_it_keeps_custom_texts(cast: Cast) -> None:
    mailed(cast, greeting="Dear Lea,", closing="Yours, Stan")
    remind_due()
    mail = OutgoingMail.objects.get()
    assert mail.text.startswith("Dear Lea,")
    assert "Yours, Stan" in mail.text


@pytest.mark.parametrize(
    "why",
    ["too early", "by link", "answered", "withdrawn", "expired", "reminded", "undeliverable", "no address", "archived", "stopped", "staff"],
)
def test_no_reminder_is_sent(cast: Cast, why: str) -> None:
    now = timezone.now()
    fields = {"expired": {"expires_at": now}, "reminded": {"reminded_at": now}, "undeliverable": {"undeliverable_at": now}}
    fields |= {"withdrawn": {"status": "withdrawn"}, "no address": {"customer__email": ""}}
    review_request = mailed(cast, 6.9 if why == "too early" else 8, **fields.get(why, {}))
    if why == "by link":
        ReviewRequest.objects.update(mailed_at=None)
    elif why == "answered":
        ReviewFactory(review_request=review_request)
    elif why == "archived":
        review_request.customer.status = "archived"
        review_request.customer.save()
    elif why == "stopped":
        cast.alder.review_opt_outs.create(address_digest=tokens.address_digest(review_request.customer.email.upper()))
    elif why == "staff":
        MembershipFactory(agency=cast.alder, user__email=review_request.customer.email)
    assert (remind_due(), remind(review_request.pk)) == (0, False)
    assert not OutgoingMail.objects.exists()


def test_the_delay_is_a_setting_and_can_be_disabled(cast: Cast, settings) -> None:
    mailed(cast, 4)
    settings.REVIEW_REMINDER_DAYS = 0
    assert remind_due() == 0
    settings.REVIEW_REMINDER_DAYS = 3
    assert remind_due() == 1


def test_many_opted_out_customers_do_not_block_other_reminders(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_services, "BATCH_SIZE", 2)
    requests = [mailed(cast) for _ in range(5)]
    for review_request in requests[:4]:
        cast.alder.review_opt_outs.create(address_digest=tokens.address_digest(review_request.customer.email))
    assert remind_due() == 1
    assert OutgoingMail.objects.get().to_email == requests[4].customer.email


def test_opt_outs_of_other_agencies_do_not_count(cast: Cast) -> None:
    review_request = mailed(cast)
    cast.birch.review_opt_outs.create(address_digest=tokens.address_digest(review_request.customer.email))
    assert remind_due() == 1


@pytest.mark.parametrize("gone", ["left", "switched off"])
def test_replies_do_not_go_to_former_members(cast: Cast, gone: str) -> None:
    mailed(cast, requested_by=cast.charlie if gone == "left" else cast.stan)
    User.objects.filter(pk=cast.stan.pk).update(is_active=False)
    remind_due()
    assert OutgoingMail.objects.get().reply_to == "alice@alder.example"


@pytest.mark.django_db(transaction=True)
def test_10_tasks_at_once_remind_each_once(cast: Cast) -> None:
    for _ in range(5):
        mailed(cast)
    results = at_once(10, lambda _n: remind_due())
    assert sum(results) + remind_due() == 5
    assert OutgoingMail.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_beat_sends_reminders(cast: Cast, celery_beat, smtp_sink) -> None:
    review_request = mailed(cast)
    arrived = smtp_sink.wait_for(review_request.customer.email, seconds=30)
    assert review_request.link in arrived.part("plain")
    assert arrived.message["Subject"].startswith("Reminder: ")
