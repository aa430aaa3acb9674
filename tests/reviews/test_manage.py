"""`/company/reviews/`: the rating, who was asked, what they said."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from tests.cast import Cast
from tests.factories.reviews import ReviewFactory, ReviewRequestFactory

MANAGE = "/company/reviews/"


def test_it_shows_the_own_agencys_only(stan: Client, cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.birch, text="About Birch only")
    foreign = ReviewRequestFactory(customer__agency=cast.birch)
    # Nothing of one's own hides nothing of the others'.
    page = stan.get(MANAGE)
    assert (page.context["summary"], list(page.context["open_requests"]), page.context["page"].items) == (None, [], [])
    own = ReviewFactory(review_request__customer__agency=cast.alder, text="About Alder only")
    asked = ReviewRequestFactory(customer__agency=cast.alder)
    page = stan.get(MANAGE)
    assert page.context["summary"].agency == cast.alder
    assert (list(page.context["open_requests"]), page.context["page"].items) == ([asked], [own])
    text = page.content.decode()
    for word in ("About Alder only", asked.customer.company):
        assert word in text
    for word in ("About Birch only", foreign.customer.company):
        assert word not in text


def test_only_those_who_can_still_answer_are_listed_as_asked(stan: Client, cast: Cast) -> None:
    ReviewFactory(review_request__customer__agency=cast.alder)
    ReviewRequestFactory(customer__agency=cast.alder, status="withdrawn")
    ReviewRequestFactory(customer__agency=cast.alder, expires_at=timezone.now() - timedelta(seconds=1))
    waiting = ReviewRequestFactory(customer__agency=cast.alder)
    assert list(stan.get(MANAGE).context["open_requests"]) == [waiting]
