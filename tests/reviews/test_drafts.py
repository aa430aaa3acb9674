"""Drafts of comments on reviews: saved, previewed and published."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from partnerportal.audit.models import AuditEvent
from partnerportal.core.versions import EditConflict
from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review, ReviewComment, ReviewReplyDraft
from reviews.services.reviews import comment_on_review, hide_review, save_reply_draft
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.review_states import STATES, a_review

TEXT = "Thank you, <b>Lea</b>.\r\n\r\nSee you soon!"


@pytest.fixture
def manager(cast: Cast) -> Client:
    """Client of Max, Alice's colleague."""
    client = Client()
    client.force_login(cast.max)
    return client


@pytest.fixture
def review(cast: Cast) -> Review:
    return a_review(cast.alder)


def path_of(review: Review) -> str:
    return f"/company/reviews/{review.pk}/comment/"


def hidden(page: Any, name: str) -> str:
    """Return the value of a hidden field."""
    (value,) = re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', page.content.decode())
    return unescape(value)


def typed(page: Any) -> str:
    """Return the content of the text field."""
    (content,) = re.findall(r'<textarea name="text"[^>]*>(.*?)</textarea>', page.content.decode(), re.DOTALL)
    return unescape(content).removeprefix("\n").replace("\r\n", "\n")


def save(client: Client, review: Review, text: str, button: str = "draft", shown: str | None = None, **more: Any) -> Any:
    """Open the form and submit it with a button; `shown` is from a form opened before."""
    fields = {"text": text, "shown": hidden(client.get(path_of(review)), "shown") if shown is None else shown}
    return client.post(path_of(review), fields | ({button: "1"} if button else {}), **more)


def stored() -> str:
    return ReviewReplyDraft.objects.get().text


# --- Saving ------------------------------------------------------------------------------------------------------------------


def test_a_draft_is_saved_shown_and_continued_by_a_colleague(alice: Client, manager: Client, stan: Client, review: Review) -> None:
    page = save(alice, review, TEXT, follow=True)
    assert "Draft saved." in page.content.decode()
    draft = ReviewReplyDraft.objects.get()
    assert (draft.text, draft.agency, draft.saved_by.full_name) == (TEXT, review.agency, "Alice Alder")
    assert not ReviewComment.objects.exists()
    assert not OutgoingMail.objects.exists()
    detail = manager.get(f"/company/reviews/{review.pk}/").content.decode()
    assert "Saved by Alice Alder" in detail
    assert "Thank you, &lt;b&gt;Lea&lt;/b&gt;." in detail
    assert "Edit draft" in detail
    page = manager.get(path_of(review))
    assert typed(page) == TEXT.replace("\r\n", "\n")
    assert "Draft saved by Alice Alder" in page.content.decode()
    save(manager, review, "Thanks a lot.")
    draft.refresh_from_db()
    assert (draft.text, draft.saved_by.full_name) == ("Thanks a lot.", "Max Meyer")
    detail = stan.get(f"/company/reviews/{review.pk}/").content.decode()
    assert "Thanks a lot." in detail
    assert "Edit draft" not in detail


def test_saving_is_recorded_without_the_text(alice: Client, review: Review) -> None:
    for text in (TEXT, TEXT, "Other", ""):
        save(alice, review, text)
    events = AuditEvent.objects.filter(action__startswith="review.reply").order_by("pk")
    assert [event.action for event in events] == ["review.reply_drafted"] * 2 + ["review.reply_draft_deleted"]
    assert {(event.actor_label, event.customer_id, str(event.data)) for event in events} == {
        ("Alice Alder", review.request.customer_id, "{}")
    }


def test_an_empty_text_deletes_the_draft(alice: Client, review: Review) -> None:
    save(alice, review, TEXT)
    assert "Draft deleted." in save(alice, review, "  ", follow=True).content.decode()
    assert not ReviewReplyDraft.objects.exists()
    # Without a draft, there is nothing to delete; a comment always needs a text.
    assert save(alice, review, "").context["form"].errors["text"] == ["Enter a comment."]
    save(alice, review, TEXT)
    for button in ("", "preview"):
        assert save(alice, review, "", button).context["form"].errors["text"] == ["Enter a comment."]
    assert stored() == TEXT


@pytest.mark.parametrize("button", ["draft", "preview", ""])
@pytest.mark.parametrize("text", ["x" * 2001, "nul\x00", "bell\x07"])
def test_a_refused_text_stays_in_the_form(alice: Client, review: Review, text: str, button: str) -> None:
    page = save(alice, review, text, button)
    assert page.context["form"].errors["text"]
    assert page.context["form"]["text"].value() == text
    assert not ReviewReplyDraft.objects.exists()
    assert not ReviewComment.objects.exists()


def test_the_list_marks_reviews_with_a_draft(alice: Client, cast: Cast, review: Review) -> None:
    a_review(cast.alder)
    save(alice, review, TEXT)
    rows = alice.get("/company/reviews/").content.decode().split('<article class="review"')[1:]
    assert [("draft reply" in row, f"review-{review.pk}" in row) for row in rows] == [(False, False), (True, True)]


def test_members_of_other_agencies_and_staff_cannot_save(charlie: Client, stan: Client, review: Review) -> None:
    for client, status in ((charlie, 404), (stan, 403)):
        assert client.post(path_of(review), {"text": TEXT, "draft": "1"}).status_code == status
    assert not ReviewReplyDraft.objects.exists()


# --- Preview and publication -------------------------------------------------------------------------------------------------


def test_the_preview_shows_what_the_profile_shows_and_publishes_nothing(alice: Client, review: Review) -> None:
    page = save(alice, review, TEXT, "preview")
    content = page.content.decode()
    assert "publicly and permanently, under the name Alder Web" in content
    assert stored() == TEXT
    assert not ReviewComment.objects.exists()
    published = alice.post(path_of(review), {"text": hidden(page, "text"), "shown": hidden(page, "shown")}, follow=True)
    assert "Comment published." in published.content.decode()
    assert ReviewComment.objects.get().text.replace("\r\n", "\n") == TEXT.replace("\r\n", "\n")
    assert not ReviewReplyDraft.objects.exists()

    def reply(html: str) -> str:
        return html.partition('<div class="review-reply">')[2].partition("</div>\n</div>")[0]

    assert reply(content)
    assert reply(Client().get("/partners/alder/").content.decode()) == reply(content)


def test_back_to_editing_keeps_the_text_and_saves_nothing(alice: Client, review: Review) -> None:
    page = save(alice, review, TEXT, "preview")
    fields = {"text": hidden(page, "text"), "shown": hidden(page, "shown"), "edit": "Back to editing"}
    events = AuditEvent.objects.count()
    page = alice.post(path_of(review), fields)
    assert typed(page) == TEXT.replace("\r\n", "\n")
    assert not page.context["form"].errors
    assert (stored(), AuditEvent.objects.count()) == (TEXT, events)


def test_the_preview_in_the_dialog(alice: Client, review: Review) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/company/reviews/?stars=4"}
    page = alice.post(path_of(review), {"text": TEXT, "preview": "1", "next": "/company/reviews/?stars=4"}, headers=headers)
    content = page.content.decode()
    assert "<html" not in content
    assert '"/company/reviews/?stars=4"' in content
    fields = {"text": hidden(page, "text"), "shown": hidden(page, "shown"), "next": "/company/reviews/?stars=4"}
    done = alice.post(path_of(review), fields, headers=headers)
    assert (done.status_code, done["HX-Redirect"]) == (204, "/company/reviews/?stars=4")


@pytest.mark.parametrize("button", ["draft", "preview"])
def test_the_text_survives_an_expired_session(alice: Client, cast: Cast, review: Review, button: str) -> None:
    shown = hidden(alice.get(path_of(review)), "shown")
    alice.cookies.pop("sessionid")
    save(alice, review, TEXT, button, shown)
    assert not ReviewReplyDraft.objects.exists()
    alice.force_login(cast.alice)
    assert typed(alice.get(path_of(review))) == TEXT.replace("\r\n", "\n")


# --- Two people --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("button", ["draft", "preview", ""])
@pytest.mark.parametrize("text", ["Mine", "First"])
def test_a_colleagues_newer_draft_is_not_overwritten_silently(
    alice: Client, manager: Client, review: Review, text: str, button: str
) -> None:
    save(alice, review, "First")
    shown = hidden(alice.get(path_of(review)), "shown")
    save(manager, review, "Newer")
    page = save(alice, review, text, button, shown)
    assert "The draft was changed in the meantime." in page.content.decode()
    assert "Currently saved: Newer" in page.content.decode()
    assert "Draft saved by Max Meyer" in page.content.decode()
    assert (typed(page), stored()) == (text, "Newer")
    assert not ReviewComment.objects.exists()
    # Both texts have now been shown.
    save(alice, review, text, button, hidden(page, "shown"))
    if button:
        assert stored() == text
    else:
        assert ReviewComment.objects.get().text == text


def test_the_first_draft_of_a_colleague_is_also_shown(alice: Client, manager: Client, review: Review) -> None:
    shown = hidden(alice.get(path_of(review)), "shown")
    save(manager, review, "Newer")
    page = save(alice, review, "Mine", "", shown)
    assert "Currently saved: Newer" in page.content.decode()
    assert not ReviewComment.objects.exists()


@pytest.mark.parametrize("button", ["draft", "preview", ""])
@pytest.mark.parametrize("stop", ["commented", "hidden", "withdrawn", "removed"])
def test_a_text_that_came_too_late_is_shown_again(alice: Client, review: Review, stop: str, button: str) -> None:
    shown = hidden(alice.get(path_of(review)), "shown")
    STATES[stop](review)
    page = save(alice, review, TEXT, button, shown, follow=True)
    (message,) = page.context["messages"]
    assert message.level_tag == "error"
    assert "Your text wasn’t published:<br>Thank you, &lt;b&gt;Lea&lt;/b&gt;.<br><br>See you soon!" in page.content.decode()
    assert not ReviewReplyDraft.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_of_two_concurrent_publications_is_saved_and_deletes_the_draft(cast: Cast) -> None:
    review = a_review(cast.alder)
    save_reply_draft(review, text="Draft", loaded="", by=cast.max)
    results = at_once(2, lambda n: comment_on_review(review, text=f"Reply {n}", loaded="Draft", by=cast.max))
    assert sorted(type(result).__name__ for result in results) == ["ReviewComment", "ValidationError"]
    assert (ReviewComment.objects.count(), ReviewReplyDraft.objects.count()) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_one_of_two_concurrent_drafts_is_saved(cast: Cast) -> None:
    review = a_review(cast.alder)
    results = at_once(2, lambda n: save_reply_draft(review, text=f"Draft {n}", loaded="", by=cast.max))
    assert sorted(type(result) for result in results if result is not True) == [EditConflict]
    assert stored() == f"Draft {results.index(True)}"


@pytest.mark.django_db(transaction=True)
def test_no_draft_remains_after_a_concurrent_publication(cast: Cast) -> None:
    review = a_review(cast.alder)
    actions = [
        lambda: comment_on_review(review, text="Reply", loaded="", by=cast.max),
        lambda: save_reply_draft(review, text="Draft", loaded="", by=cast.alice),
    ]
    published, saved = at_once(2, lambda n: actions[n]())
    if saved is True:
        assert isinstance(published, EditConflict)
        assert (ReviewComment.objects.count(), stored()) == (0, "Draft")
    else:
        assert isinstance(saved, ValidationError)
        assert (ReviewComment.objects.count(), ReviewReplyDraft.objects.count()) == (1, 0)


# --- Deletion and privacy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "kept"), [("withdrawn", False), ("removed", False), ("commented", False), ("hidden", True)])
def test_drafts_of_reviews_that_can_never_be_answered_are_deleted(cast: Cast, review: Review, state: str, kept: bool) -> None:
    other = a_review(cast.alder)
    for drafted in (review, other):
        save_reply_draft(drafted, text="Draft", loaded="", by=cast.alice)
    STATES[state](review)
    assert ReviewReplyDraft.objects.filter(review=review).exists() == kept
    assert ReviewReplyDraft.objects.filter(review=other).exists()


def test_the_draft_stays_if_its_author_is_deleted(cast: Cast, review: Review) -> None:
    save_reply_draft(review, text="Draft", loaded="", by=cast.max)
    ReviewReplyDraft.objects.update(saved_by=None)
    client = Client()
    client.force_login(cast.alice)
    assert "Saved by –" in client.get(f"/company/reviews/{review.pk}/").content.decode()


def test_drafts_are_never_public(alice: Client, cast: Cast, review: Review) -> None:
    cast.alder.profile.offers_feeds = True
    cast.alder.profile.save()
    pages = [
        "/partners/alder/", "/de/partners/alder/", "/partners/", "/partners/alder/reviews.atom", "/partners/alder/reviews.json",
        "/partners/alder/badge.svg", review.request.link,
    ]  # fmt: skip
    before = {path: Client().get(path) for path in pages}
    save_reply_draft(review, text="Zwetschge", loaded="", by=cast.alice)
    for path in pages:
        after = Client().get(path)
        assert after.status_code == 200, path
        assert "Zwetschge" not in after.content.decode(), path
        assert after.headers.get("ETag") == before[path].headers.get("ETag"), path
    # Members see that there is a draft, but not its text, on their own profile.
    assert "Zwetschge" not in alice.get("/partners/alder/").content.decode()
    hide_review(review, reason="other", by=cast.alice)
    assert "Zwetschge" not in Client().get("/partners/alder/").content.decode()
