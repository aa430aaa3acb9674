"""The task of the daily digest: its schedule, its slices of time, and old records."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from partnerportal.agencies.models import Membership
from partnerportal.desk.digest import tasks
from partnerportal.desk.digest.models import DigestRun
from partnerportal.desk.digest.services import purge
from tests.cast import Cast
from tests.desk.test_digest import members_of_long_ago, set_member  # noqa: F401  # the first is a fixture for all tests
from tests.factories.customers import CustomerFactory, TaskFactory


def test_long_runs_continue_in_another_task(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    today = timezone.localdate()
    for user, agency in ((cast.stan, cast.alder), (cast.charlie, cast.birch)):
        TaskFactory(customer=CustomerFactory(agency=agency), due_on=today, assignee=user)
    Membership.objects.update(digest_hour=0, digest_days=[1, 2, 3, 4, 5, 6, 7])
    enqueued: list[bool] = []
    monkeypatch.setattr(tasks, "TIME_SLICE", -1)
    monkeypatch.setattr(tasks, "enqueue", lambda: enqueued.append(True))
    assert [tasks.send_digests() for _ in range(3)] == [1, 1, 0]
    assert len(enqueued) == 2


def test_old_records_are_deleted(cast: Cast) -> None:
    member = set_member(cast.stan)
    today = timezone.localdate()
    for days in (5, 30, 40):
        DigestRun.objects.claim([member.pk], today - timedelta(days=days), timezone.now())
    assert purge() == 1
    assert DigestRun.objects.count() == 2


def test_the_task_is_scheduled_for_all_time_zones() -> None:
    entry = django_settings.CELERY_BEAT_SCHEDULE["send-digests"]
    assert entry["task"] == tasks.send_digests.name
    assert entry["schedule"].minute == {0, 15, 30, 45}
