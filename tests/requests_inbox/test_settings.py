"""`/requests/settings/`, and the deletion of settled requests."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from partnerportal.accounts.models import User
from partnerportal.agencies.models import Mode, Notification
from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from requests_inbox import tasks
from requests_inbox.models import ContactRequest, InboxSettings
from requests_inbox.services.requests import assign_request, close_request, mark_spam, reply
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.requests import ContactRequestFactory

SETTINGS = "/requests/settings/"


@pytest.fixture
def max_(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.max)
    return client


def test_owners_and_managers_are_notified_by_default(max_: Client, cast: Cast) -> None:
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.alice, cast.max]
    stans = cast.alder.memberships.get(user=cast.stan)
    assert max_.post(SETTINGS, {"notified": [stans.pk], "retention_days": "30"}).status_code == 302
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.stan]
    assert InboxSettings.objects.get().retention_days == 30
    assert AuditEvent.objects.get().action == "inbox.changed"
    # When the last selected member leaves, owners and managers are notified again.
    stans.delete()
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.alice, cast.max]


def test_deactivated_members_are_not_notified(cast: Cast) -> None:
    cast.alder.memberships.get(user=cast.stan).set_notification(Notification.REQUESTS, Mode.NOW)
    User.objects.filter(pk__in=[cast.stan.pk, cast.max.pk]).update(is_active=False)
    assert [member.user for member in InboxSettings.notified_members(cast.alder)] == [cast.alice]


@pytest.mark.parametrize("retention_days", ["", "0", "-1", "3651", "x", "9" * 20])
def test_the_retention_period_is_validated(max_: Client, retention_days: str) -> None:
    assert max_.post(SETTINGS, {"retention_days": retention_days}).status_code == 200
    assert not InboxSettings.objects.exists()


def test_members_of_other_agencies_cannot_be_notified(max_: Client, cast: Cast) -> None:
    stranger = cast.birch.memberships.get()
    assert max_.post(SETTINGS, {"notified": [stranger.pk], "retention_days": "30"}).status_code == 200
    assert not InboxSettings.objects.exists()


def old(request: ContactRequest, days: int) -> ContactRequest:
    ContactRequest.objects.filter(pk=request.pk).update(status_since=timezone.now() - timedelta(days=days))
    return request


def test_only_settled_requests_past_retention_are_deleted(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 2)
    InboxSettings.objects.create(agency=cast.birch, retention_days=10)
    gone, kept = [], []
    for agency, by, days in ((cast.alder, cast.alice, 181), (cast.birch, cast.charlie, 11)):
        for settle in (close_request, close_request, mark_spam):
            request = ContactRequestFactory(agency=agency)
            reply(request, text="Hello", by=by, seen=None)
            settle(request, by=by)
            gone.append(old(request, days).pk)
            younger = ContactRequestFactory(agency=agency)
            settle(younger, by=by)
            kept.append(old(younger, days - 2).pk)
        assigned = ContactRequestFactory(agency=agency)
        assign_request(assigned, CustomerFactory(agency=agency), by=by)
        kept += [old(assigned, 1000).pk, old(ContactRequestFactory(agency=agency), 1000).pk]
    assert tasks.delete_settled_requests() == 6
    assert set(ContactRequest.objects.values_list("pk", flat=True)) == set(kept)
    assert not OutgoingMail.objects.exists()
    recorded = AuditEvent.objects.filter(action="requests.deleted").values_list("agency", "data").order_by("pk")
    assert list(recorded) == [(agency.pk, {"count": count}) for agency in (cast.alder, cast.birch) for count in (2, 1)]
    assert tasks.delete_settled_requests() == 0


def test_the_task_is_scheduled() -> None:
    entry = django_settings.CELERY_BEAT_SCHEDULE["delete-settled-requests"]
    assert entry["task"] == tasks.delete_settled_requests.name


def test_the_notified_members_come_with_their_agency(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        members = InboxSettings.notified_members(cast.alder)
        assert [(str(member.user), str(member.agency)) for member in members] == [("Alice Alder", "Alder Web"), ("Max Meyer", "Alder Web")]
