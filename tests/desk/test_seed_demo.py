"""Consistency of the demo data."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from partnerportal.demo import demo
from partnerportal.desk.models import SavedView
from partnerportal.desk.saved_views.lists import normalized
from requests_inbox.models import RequestMessage, SavedReply
from reviews.models import ReviewRound
from reviews.rounds.queries import answers_so_far, automatic_projects
from tests.test_german import ENGLISH

# Each test is rolled back within the transaction of the fixture `seeded`.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The demo data, which takes longer to seed than all tests together."""
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(DEMO=True):
            call_command("seed_demo", verbosity=0)
        yield
        transaction.set_rollback(True)


def test_first_replies_have_the_date_stored_in_their_request() -> None:
    replies = RequestMessage.objects.filter(kind="reply").select_related("request")
    assert len(replies) > 2
    assert [reply for reply in replies if reply.created_at != reply.request.first_reply_at] == []


def test_texts_of_and_for_german_customers_are_german() -> None:
    language = {position: customer[-1] for position, customer in enumerate(demo.NORDLICHT_CUSTOMERS)}
    texts = [text for position, text in demo.COMMENTS if language[position] == "de"]
    texts += [message for position, _, message in demo.ACCESS_REQUESTS if language[position] == "de"]
    texts += [invitation[-2] for invitation in demo.INVITATIONS]
    assert len(texts) > 4
    assert [text for text in texts if ENGLISH.search(text)] == []


def test_saved_views_contain_only_valid_filters() -> None:
    for view in SavedView.objects.select_related("owner__user", "owner__agency"):
        assert normalized(view.list_name, view.query, member=view.owner, team=[]) == view.query != ""
    assert SavedView.objects.count() == len(demo.VIEWS)


def test_saved_replies_are_valid_in_both_languages() -> None:
    saved = SavedReply.objects.all()
    assert {reply.language for reply in saved} == {"de", "en"}
    for reply in saved:
        reply.full_clean()


def test_rounds_and_automatic_requests_are_in_every_state() -> None:
    finished, running = ReviewRound.objects.order_by("pk")
    assert (finished.status, finished.waiting, running.status) == ("done", 0, "running")
    assert finished.requests.filter(status="answered").exists() and finished.requests.filter(status="open").exists()
    for review_round in (finished, running):
        assert review_round.requested == review_round.requests.count()
        assert review_round.counts == Counter(review_round.entries.exclude(outcome="waiting").values_list("outcome", flat=True))
    assert running.requested and running.excluded and running.waiting
    projects = automatic_projects(running.agency)
    assert projects.filter(automatic_request=None).count() == 3
    assert projects.filter(automatic_request__outcome="excluded").count() == 1
    assert not set(projects.values_list("customer", flat=True)) & set(
        running.entries.filter(outcome="waiting").values_list("customer", flat=True)
    )
    answers = dict(answers_so_far(ReviewRound.objects.all()).values_list("pk", "answers"))
    assert answers == {finished.pk: finished.requests.filter(status="answered").count(), running.pk: 0}
