"""Finding profiles: by parts of words, without accents and case, and with typing mistakes; the likeliest first."""

from typing import Any, Self

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import models
from django.db.models import BigIntegerField, Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Coalesce

from partnerportal.core.db_functions import FoldText

#: A query longer than this is no name, service or place.
MAX_QUERY_LENGTH = 100
#: Where an agency without reviews stands among the rated ones: the prior of 3.5 stars (reviews/models.py), in millionths.
UNRATED_SCORE = 3_500_000


class PartnerProfileQuerySet(models.QuerySet[Any]):
    """Profiles, and how they are found."""

    def public(self) -> Self:
        """Those that the world may see."""
        return self.filter(status="registered")

    def search(self, query: str) -> Self:
        """Those that match, each with its `rank`; order by `-rank` for the likeliest first. One small query.

        Every word has to stand somewhere in the profile's texts: all in the name rank highest, then all in what it leads with (claim,
        city, services), then those that the description is needed for. Where no profile has every word, those whose leading texts
        nearly have it (pg_trgm's word similarity of 0.6), by likeness. All of it goes through trigram indexes.
        """
        typed = query.replace("\x00", "")[:MAX_QUERY_LENGTH].split()
        words = [FoldText(Value(word)) for word in typed]
        if not words:
            return self.none().annotate(rank=Value(0))
        exact = self.filter(_all("search_text__contains", words))
        if exact.exists():
            in_name, leading = _all("sort_name__contains", words), _all("lead_text__contains", words)
            return exact.annotate(rank=Case(When(in_name, then=3), When(leading, then=2), default=1))
        alike = self.filter(_all("lead_text__trigram_word_similar", words))
        likeness = TrigramWordSimilarity(FoldText(Value(" ".join(typed))), "lead_text")  # type: ignore[arg-type]  # expressions work, too
        return alike.annotate(rank=Cast(likeness * 1000, IntegerField()))

    def with_standing(self) -> Self:
        """Add `ranking_score`, the field of `RatingSummary` by which lists are ordered."""
        score = Coalesce(F("agency__rating_summary__ranking_score"), Value(UNRATED_SCORE), output_field=BigIntegerField())
        return self.annotate(ranking_score=score)


def _all(lookup: str, words: list[FoldText]) -> Q:
    """Rows of which this holds for every word."""
    return Q(*((lookup, word) for word in words))
