"""E-mails to members about new reviews and undeliverable review requests."""

from typing import Any

import pytest
from django.test import Client

from partnerportal.agencies.models import DigestItem, Mode, Notification
from partnerportal.outbox.models import OutgoingMail
from reviews.models import CATEGORIES, ReviewRequest
from reviews.services.requests import record_delivery, request_review
from tests.cast import Cast
from tests.factories.customers import CustomerFactory
from tests.factories.reviews import ReviewRequestFactory


def choose(cast: Cast, user: Any, **modes: Mode) -> None:
    for kind, mode in modes.items():
        cast.alder.memberships.get(user=user).set_notification(Notification(kind), mode)


def rate(cast: Cast, *stars: int, text: str = "Some words.") -> list[OutgoingMail]:
    """Submit a review through its personal link, and return the e-mails to members."""
    request = ReviewRequestFactory(customer__agency=cast.alder)
    link = request.link
    assert link
    answers = dict(zip(CATEGORIES, stars, strict=True)) | {"text": text, "author": "Rita Rater", "display_name_as": "full"}
    assert Client().post(f"/r/{link.rstrip('/').rpartition('/')[2]}/", answers).status_code == 302
    return list(OutgoingMail.objects.filter(kind="review_new").order_by("to_email"))


def test_reviews_with_few_stars_are_sent_to_owners_and_managers_by_default(cast: Cast) -> None:
    assert [mail.to_email for mail in rate(cast, 3, 3, 3, 3)] == [cast.alice.email, cast.max.email]


def test_other_reviews_wait_for_the_digest_by_default(cast: Cast) -> None:
    assert rate(cast, 3, 3, 3, 4) == []


def test_each_review_sends_one_email(cast: Cast) -> None:
    choose(cast, cast.stan, reviews=Mode.NOW, low_reviews=Mode.NOW)
    mails = rate(cast, 1, 1, 2, 1, text="Never again.")
    assert [mail.to_email for mail in mails] == [cast.alice.email, cast.max.email, cast.stan.email]
    mail = mails[-1]
    assert mail.subject == "New review with only 1.3 stars"
    assert "Rita Rater wrote:\n\n> Never again." in mail.text
    assert "/company/reviews/" in mail.text and mail.text.rstrip().endswith("/account/notices/")


@pytest.mark.parametrize(("reviews", "low"), [(Mode.NOW, Mode.OFF), (Mode.OFF, Mode.NOW), (Mode.NOW, Mode.DIGEST)])
def test_the_more_urgent_choice_applies(cast: Cast, reviews: Mode, low: Mode) -> None:
    choose(cast, cast.stan, reviews=reviews, low_reviews=low)
    assert cast.stan.email in [mail.to_email for mail in rate(cast, 2, 2, 2, 2)]


def test_members_who_turned_both_off_receive_nothing(cast: Cast) -> None:
    for user in (cast.alice, cast.max, cast.stan):
        choose(cast, user, reviews=Mode.OFF, low_reviews=Mode.OFF)
    assert rate(cast, 1, 1, 1, 1) == []


def test_emails_are_in_the_language_of_the_member(cast: Cast) -> None:
    cast.max.language = "de"
    cast.max.save()
    english, german = rate(cast, 1, 1, 1, 2)
    assert 'lang="en"' in english.html and 'lang="de"' in german.html
    assert "1,3" in german.subject


# --- Undeliverable requests -------------------------------------------------------------------------------------------


def fail(cast: Cast, by: Any) -> ReviewRequest:
    """Let the e-mail of a review request fail."""
    request = request_review(customer=CustomerFactory(agency=cast.alder, email="kim@client.example"), project=None, by=by, by_mail=True)
    assert request.mail
    request.mail.status = OutgoingMail.Status.FAILED
    record_delivery(request.mail)
    return request


def recipients() -> list[str]:
    return sorted(OutgoingMail.objects.filter(kind="review_undeliverable").values_list("to_email", flat=True))


def test_who_sent_the_request_is_notified(cast: Cast) -> None:
    request = fail(cast, cast.stan)
    assert recipients() == [cast.stan.email]
    text = OutgoingMail.objects.get(kind="review_undeliverable").text
    assert "kim@client.example" in text and f"/company/reviews/requests/{request.pk}/" in text
    # The same failure is reported once.
    assert request.mail
    record_delivery(request.mail)
    assert recipients() == [cast.stan.email]


def test_owners_and_managers_are_notified_for_former_colleagues(cast: Cast) -> None:
    cast.alder.memberships.filter(user=cast.stan).delete()
    fail(cast, cast.stan)
    assert recipients() == [cast.alice.email, cast.max.email]


def test_in_the_digest_or_not_at_all(cast: Cast) -> None:
    choose(cast, cast.stan, undeliverable=Mode.DIGEST)
    request = fail(cast, cast.stan)
    assert recipients() == []
    assert list(DigestItem.objects.values_list("membership__user", "kind", "object_id")) == [(cast.stan.pk, "undeliverable", request.pk)]
    choose(cast, cast.max, undeliverable=Mode.OFF)
    fail(cast, cast.max)
    assert recipients() == []
    assert DigestItem.objects.count() == 1
