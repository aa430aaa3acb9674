"""The typical time until an agency's first reply."""

from datetime import timedelta

from django.utils import timezone

from requests_inbox.queries import typical_first_reply
from tests.cast import Cast
from tests.factories.requests import ContactRequestFactory


def answer_after(agency, *hours: int, days_ago: int = 10) -> None:
    """Create one answered request for each number of hours."""
    for number in hours:
        received = timezone.now() - timedelta(days=days_ago)
        ContactRequestFactory(agency=agency, created_at=received, first_reply_at=received + timedelta(hours=number), status="open")


def test_the_typical_reply_is_the_median_of_at_least_five(cast: Cast) -> None:
    answer_after(cast.alder, 1, 2, 6, 200)
    ContactRequestFactory(agency=cast.alder)
    assert typical_first_reply(cast.alder) is None
    answer_after(cast.alder, 8)
    assert typical_first_reply(cast.alder) == timedelta(hours=6)


def test_the_typical_reply_ignores_old_replies_and_other_agencies(cast: Cast) -> None:
    answer_after(cast.alder, 1, 1, 1, 1)
    answer_after(cast.alder, 1, days_ago=91)
    answer_after(cast.birch, 1, 1, 1, 1, 1)
    assert typical_first_reply(cast.alder) is None
    assert typical_first_reply(cast.birch) == timedelta(hours=1)
