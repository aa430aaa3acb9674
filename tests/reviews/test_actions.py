"""Every action on a review in every state of the review."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils.encoding import iri_to_uri

from partnerportal.audit.models import AuditEvent
from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review, ReviewComment
from tests.cast import Cast
from tests.factories.review_states import STATES, a_review, in_state

FORMS: dict[str, dict[str, str]] = {
    "pin": {},
    "unpin": {},
    "move": {"direction": "up"},
    "comment": {"text": "We are glad to hear that."},
    "hide": {"reason": "outdated"},
    "unhide": {},
    "report": {"reason": "offensive", "details": "It calls us names."},
}
#: Effect of each action on the review.
EFFECTS: dict[str, Callable[[Review], bool]] = {
    "pin": lambda review: review.pin_position is not None,
    "unpin": lambda review: review.pin_position is None,
    "comment": lambda review: ReviewComment.objects.filter(review=review).exists(),
    "hide": lambda review: review.hidden_at is not None,
    "unhide": lambda review: review.hidden_at is None,
    "report": lambda review: review.reports.filter(state="open").exists(),
}
#: Actions with an effect in each state; all others change nothing and display a message.
TAKEN = {
    "public": {"pin", "comment", "hide", "report"},
    "pinned": {"unpin", "comment", "hide", "report"},
    "commented": {"pin", "hide", "report"},
    "hidden": {"unhide", "report"},
    "reported": {"pin", "comment", "hide"},
    "removed": set(),
    "withdrawn": set(),
}


@pytest.fixture
def manager(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.max)
    return client


def act(client: Client, action: str, review: Review, **more: str) -> Any:
    return client.post(f"/company/reviews/{review.pk}/{action}/", FORMS[action] | more)


def snapshot(review: Review) -> Any:
    return (
        Review.objects.filter(pk=review.pk).values().get(),
        list(review.reports.values()),
        ReviewComment.objects.filter(review=review).count(),
        AuditEvent.objects.count(),
        OutgoingMail.objects.count(),
    )


@pytest.mark.parametrize("action", FORMS)
@pytest.mark.parametrize("state", STATES)
def test_each_action_in_each_state(manager: Client, cast: Cast, state: str, action: str) -> None:
    review = in_state(state, cast.alder)
    before, events = snapshot(review), AuditEvent.objects.count()
    response = act(manager, action, review)
    assert response.status_code == 302
    assert response.url == f"/company/reviews/#review-{review.pk}"
    (message,) = get_messages(response.wsgi_request)
    if action in TAKEN[state]:
        assert message.level_tag == "success"
        assert EFFECTS[action](Review.objects.get(pk=review.pk))
        assert AuditEvent.objects.count() == events + 1
        event = AuditEvent.objects.first()
        assert (event.agency, event.actor_label, event.customer_id) == (cast.alder, "Max Meyer", review.request.customer_id)
        assert "%" not in event.sentence
    else:
        assert message.level_tag in {"info", "error"}
        assert snapshot(review) == before


@pytest.mark.parametrize("action", FORMS)
def test_staff_reads_and_does_not_act(stan: Client, cast: Cast, action: str) -> None:
    review = a_review(cast.alder)
    before = snapshot(review)
    assert act(stan, action, review).status_code == 403
    assert snapshot(review) == before
    page = stan.get("/company/reviews/").content.decode()
    assert review.text in page
    assert "Pin review to top" not in page


@pytest.mark.parametrize("action", FORMS)
def test_another_agencys_review_is_404_and_stays_as_it_is(charlie: Client, cast: Cast, action: str) -> None:
    review = a_review(cast.alder)
    before = snapshot(review)
    assert act(charlie, action, review).status_code == 404
    assert snapshot(review) == before


@pytest.mark.parametrize("action", ["comment", "hide", "report"])
def test_missing_input_gets_a_message_and_the_rest_is_kept(manager: Client, cast: Cast, action: str) -> None:
    review = a_review(cast.alder)
    before = snapshot(review)
    page = manager.post(f"/company/reviews/{review.pk}/{action}/", {"details": "What was typed stays"})
    assert page.status_code == 200
    assert page.context["form"].errors
    assert action != "report" or "What was typed stays" in page.content.decode()
    assert snapshot(review) == before


@pytest.mark.parametrize("where", ["/partners/alder/?stars=5#review-1", "/company/reviews/?show=hidden"])
def test_actions_redirect_to_the_page_they_started_on(manager: Client, cast: Cast, where: str) -> None:
    assert act(manager, "pin", a_review(cast.alder), next=where).url == where


def test_the_redirect_survives_an_expired_session(alice: Client, cast: Cast) -> None:
    path = f"/company/reviews/{a_review(cast.alder).pk}/report/"
    alice.get("/company/reviews/")
    alice.cookies.pop("sessionid")
    alice.post(path, {"reason": "other", "details": "A long story", "next": "/company/reviews/?stars=5"})
    alice.force_login(cast.alice)
    page = alice.get(path).content.decode()
    assert "A long story" in page
    assert 'value="/company/reviews/?stars=5"' in page


@pytest.mark.parametrize(
    "where", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", "None", "²", "<b>", "a\x00b", "-1"]
)
def test_foreign_addresses_are_not_followed(manager: Client, cast: Cast, where: str) -> None:
    review = a_review(cast.alder)
    assert act(manager, "pin", review, next=where).url == f"/company/reviews/#review-{review.pk}"


@pytest.mark.parametrize("where", ["/a\x00b", "/x\r\nSet-Cookie: a=b", "/😀", "/partners/alder/\n?x", "/partners/größe/"])
def test_unusual_addresses_are_encoded(manager: Client, cast: Cast, where: str) -> None:
    review = a_review(cast.alder)
    assert act(manager, "pin", review, next=where).url == iri_to_uri(where)
    done = manager.post(f"/company/reviews/{review.pk}/unpin/", {"next": where}, headers={"HX-Request": "true"})
    assert (done.status_code, done["HX-Redirect"]) == (204, iri_to_uri(where))


@pytest.mark.parametrize("action", ["comment", "hide", "report"])
def test_the_dialog_reloads_its_page(manager: Client, cast: Cast, action: str) -> None:
    review = a_review(cast.alder)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/company/reviews/?stars=4"}
    dialog = manager.get(f"/company/reviews/{review.pk}/{action}/", headers=headers).content.decode()
    assert "<html" not in dialog
    assert "/company/reviews/?stars=4" in dialog
    done = manager.post(f"/company/reviews/{review.pk}/{action}/", FORMS[action] | {"next": "/company/reviews/?stars=4"}, headers=headers)
    assert (done.status_code, done["HX-Redirect"]) == (204, "/company/reviews/?stars=4")


@pytest.mark.parametrize(
    "change",
    [
        {"pin_position": 0},
        {"pin_position": 6},
        {"pin_position": 1, "hidden_at": "2026-01-01T00:00Z", "hidden_reason": "other"},
        {"pin_position": 1, "removed_at": "2026-01-01T00:00Z"},
        {"withdrawn_at": "2026-01-01T00:00Z"},
        {"hidden_at": "2026-01-01T00:00Z"},
        {"display_name_as": "nobody"},
    ],
    ids=str,
)
def test_the_database_itself_refuses(cast: Cast, change: dict[str, Any]) -> None:
    review = a_review(cast.alder)
    with pytest.raises(DatabaseError), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(**change)
