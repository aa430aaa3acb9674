"""Factories for review requests and reviews."""

import factory

from reviews.models import CATEGORIES, Review, ReviewRequest
from reviews.services.reviews import submit_review
from tests.factories.customers import CustomerFactory


def same_rating(stars: int) -> dict[str, int]:
    """Return this rating for every category."""
    return dict.fromkeys(CATEGORIES, stars)


class ReviewRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReviewRequest

    customer = factory.SubFactory(CustomerFactory)
    agency = factory.SelfAttribute("customer.agency")


class ReviewFactory(factory.django.DjangoModelFactory):
    """A review submitted by the portal's service."""

    class Meta:
        model = Review

    review_request = factory.SubFactory(ReviewRequestFactory)
    cooperation = 5
    schedule = 3
    text = "They did what they said."
    author = "Lea Brandt"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return submit_review(*args, **{**same_rating(4), **kwargs})
