"""The public page of a review."""

from django.test import Client

from tests.cast import Cast
from tests.factories.reviews import ReviewFactory


def test_it_shows_the_review(cast: Cast) -> None:
    review = ReviewFactory(review_request__customer__agency=cast.alder, text="They listened.")
    response = Client().get(review.get_absolute_url())
    assert response.status_code == 200
    assert "They listened." in response.content.decode()
