"""The only comment on a review, and the notification of the author."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils.formats import date_format
from django.utils.timezone import localtime

from partnerportal.outbox.models import OutgoingMail
from reviews.models import Review, ReviewComment
from reviews.services.reviews import comment_on_review
from reviews.tokens import address_digest
from tests.cast import Cast
from tests.concurrency import at_once
from tests.factories.customers import CustomerFactory
from tests.factories.review_states import a_review
from tests.factories.reviews import ReviewFactory

TEXT = "Thank you! <b>Call</b> us & we'll see."


def test_the_form_warns_that_the_comment_is_final(alice: Client, cast: Cast) -> None:
    review = a_review(cast.alder)
    page = alice.get(f"/company/reviews/{review.pk}/comment/").content.decode()
    assert "You can comment only once." in page
    assert 'value="Reply"' in page or ">Reply<" in page
    assert not ReviewComment.objects.exists()


def test_the_profile_shows_it_as_text(alice: Client, cast: Cast) -> None:
    review = a_review(cast.alder)
    alice.post(f"/company/reviews/{review.pk}/comment/", {"text": TEXT})
    page = Client().get("/partners/alder/").content.decode()
    assert "Reply from Alder Web" in page
    assert "Thank you! &lt;b&gt;Call&lt;/b&gt; us &amp; we&#x27;ll see." in page


@pytest.mark.parametrize(("language", "subject"), [("en", "Alder Web replied to your review"), ("de", "Alder Web hat auf Ihre Bewertung")])
def test_the_author_is_notified_in_their_language(cast: Cast, language: str, subject: str) -> None:
    customer = CustomerFactory(agency=cast.alder, email="kim@client.example", language=language)
    review = ReviewFactory(review_request__customer=customer)
    comment_on_review(review, text=TEXT, by=cast.max)
    mail = OutgoingMail.objects.get()
    assert (mail.to_email, mail.from_name, mail.reply_to, mail.customer_id) == (
        "kim@client.example",
        "Alder Web",
        "max@alder.example",
        customer.pk,
    )
    assert mail.subject.startswith(subject)
    text = mail.text
    assert TEXT in text
    assert f"{settings.SITE_URL}/partners/alder/reviews/{review.pk}/" in text
    assert review.request.link in text


def test_the_mail_names_the_editing_period_if_it_is_not_over(cast: Cast) -> None:
    customer = CustomerFactory(agency=cast.alder, email="kim@client.example", language="en")
    new, old = (ReviewFactory(review_request__customer=customer) for _ in range(2))
    Review.objects.filter(pk=old.pk).update(created_at=old.created_at - timedelta(days=settings.REVIEW_EDIT_DAYS))
    for review in (new, old):
        comment_on_review(review, text=TEXT, by=cast.max)
    said_new, said_old = (mail.text for mail in OutgoingMail.objects.order_by("pk"))
    assert f"you can edit it until {date_format(localtime(new.editable_until))} and withdraw it" in said_new
    assert "you can withdraw it at any time" in said_old
    assert "edit it" not in said_old


def test_authors_who_opted_out_or_have_no_address_are_not_notified(cast: Cast) -> None:
    stopped = CustomerFactory(agency=cast.alder, email="Kim@Client.example")
    cast.alder.review_opt_outs.create(address_digest=address_digest("kim@client.example"))
    for customer in (stopped, CustomerFactory(agency=cast.alder, email="")):
        comment_on_review(ReviewFactory(review_request__customer=customer), text=TEXT, by=cast.max)
    assert ReviewComment.objects.count() == 2
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u202e", "x" * 2001, "nul\x00"])
def test_invalid_comments_are_rejected(alice: Client, cast: Cast, text: str) -> None:
    review = a_review(cast.alder)
    assert alice.post(f"/company/reviews/{review.pk}/comment/", {"text": text}).context["form"].errors
    assert not ReviewComment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_of_ten_concurrent_comments_is_saved_and_mailed(cast: Cast) -> None:
    review = a_review(cast.alder)
    results = at_once(10, lambda n: comment_on_review(review, text=f"Reply {n}", by=cast.max))
    assert [type(result) for result in results].count(ReviewComment) == 1
    assert [type(result) for result in results].count(ValidationError) == 9
    assert (ReviewComment.objects.count(), OutgoingMail.objects.count()) == (1, 1)


def test_the_database_protects_the_only_comment(cast: Cast) -> None:
    comment = comment_on_review(a_review(cast.alder), text=TEXT, by=cast.max)
    comments = ReviewComment.objects.filter(pk=comment.pk)
    for change in (lambda: comments.update(text="Something else"), comments.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewComment.objects.create(agency=cast.alder, review=comment.review, text="Another")
    # Deleting the member keeps the comment.
    comments.update(written_by=None)
    assert comments.get().text == TEXT
