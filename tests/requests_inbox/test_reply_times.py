"""The typical time until the first reply, on the profile and in the directory."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from partnerportal.agencies.models import Agency
from requests_inbox.tasks import refresh_all_reply_times
from tests.cast import Cast
from tests.factories.requests import ContactRequestFactory


def answered(agency: Agency, *hours: float, days_ago: int = 20) -> None:
    for after in hours:
        received_at = timezone.now() - timedelta(days=days_ago)
        ContactRequestFactory(agency=agency, created_at=received_at, first_reply_at=received_at + timedelta(hours=after))


def shown() -> list[bool]:
    return [
        "Typically replies within" in " ".join(Client().get(page).content.decode().split()) for page in ("/partners/alder/", "/partners/")
    ]


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ((1, 2, 5.5, 30, 90), "<strong>6 hours</strong>"),
        ((0.1, 0.1, 0.2, 8, 9), "<strong>1 hour</strong>"),
        ((1, 30, 36, 60, 61), "<strong>36 hours</strong>"),
        ((1, 30, 49, 60, 61), "<strong>3 days</strong>"),
    ],
)
def test_the_median_is_rounded_up(cast: Cast, hours: tuple[float, ...], text: str) -> None:
    answered(cast.alder, *hours)
    assert refresh_all_reply_times() == 1
    for page in ("/partners/alder/", "/partners/"):
        assert f"Typically replies within {text}" in " ".join(Client().get(page).content.decode().split())
    assert refresh_all_reply_times() == 0


def test_nothing_is_said_about_few_or_old_replies(cast: Cast) -> None:
    answered(cast.alder, 1, 1, 1, 1)
    answered(cast.alder, 1, 1, days_ago=100)
    ContactRequestFactory(agency=cast.alder)
    assert refresh_all_reply_times() == 0
    assert shown() == [False, False]
    answered(cast.alder, 1)
    assert refresh_all_reply_times() == 1
    assert shown() == [True, True]


def test_it_goes_when_the_replies_have_become_old(cast: Cast) -> None:
    type(cast.alder.profile).objects.filter(agency=cast.alder).update(typical_reply=timedelta(hours=3))
    assert shown() == [True, True]
    assert refresh_all_reply_times() == 1
    assert shown() == [False, False]


def test_beat_refreshes_it_every_hour() -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["refresh-reply-times"]
    assert (entry["task"], entry["schedule"]) == (refresh_all_reply_times.name, 60 * 60)
