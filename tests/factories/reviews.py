"""Factories for review requests and reviews."""

import factory

from reviews.models import Review, ReviewRequest
from reviews.services.reviews import submit_review
from tests.factories.customers import CustomerFactory


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
    quality = 4
    schedule = 3
    budget = 4
    text = "They did what they said."
    author = "Lea Brandt"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return submit_review(*args, **kwargs)
