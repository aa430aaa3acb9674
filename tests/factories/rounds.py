"""Factory of review rounds."""

import factory

from reviews.models import ReviewRound
from reviews.rounds.runner import prepare
from reviews.rounds.services import plan_round
from tests.factories.agencies import AgencyFactory


class RoundFactory(factory.django.DjangoModelFactory):
    """A draft of a round that was planned and prepared by the services."""

    class Meta:
        model = ReviewRound

    agency = factory.SubFactory(AgencyFactory)
    name = factory.Sequence(lambda n: f"Round {n}")

    @classmethod
    def _create(cls, model_class, *args, by, **kwargs):
        review_round = plan_round(model_class(*args, **kwargs), by=by, form_number="")
        prepare(review_round)
        review_round.refresh_from_db()
        return review_round
