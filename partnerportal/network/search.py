"""Finding profiles: by parts of words, without accents and case, and with typing mistakes; the likeliest first."""

from typing import Any, Self

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import models
from django.db.models import BigIntegerField, F, IntegerField, Value
from django.db.models.functions import Cast, Coalesce

from partnerportal.folding import Fold

#: A query longer than this is no name, service or place.
LONGEST_QUERY = 100
#: So many matches are looked at to find the likeliest.
CANDIDATES = 500
#: Where an agency without reviews stands among the rated ones: the prior of 3.5 stars (reviews/models.py), in millionths.
UNRATED = 3_500_000


class PartnerProfileQuerySet(models.QuerySet[Any]):
    """Profiles, and how they are found."""

    def public(self) -> Self:
        """Those that the world may see."""
        return self.filter(status="registered")

    def search(self, query: str) -> list[int]:
        """The keys of those that match, `CANDIDATES` + 1 at most; one query, two after a typing mistake.

        Every word has to stand somewhere in the profile's texts; where no profile has them all, those that nearly have
        (pg_trgm's word similarity of 0.6). Both go through the trigram index.
        """
        words = _words(query)
        if not words:
            return []
        exact = alike = self.order_by()
        for word in words:
            exact = exact.filter(search_text__contains=Fold(Value(word)))
            alike = alike.filter(search_text__trigram_word_similar=Fold(Value(word)))
        # Not both in one query: PostgreSQL would go through the index for the first half twice.
        keys = list(exact.values_list("pk", flat=True)[: CANDIDATES + 1])
        return keys or list(alike.values_list("pk", flat=True)[: CANDIDATES + 1])

    def with_rank(self, query: str) -> Self:
        """Each with `rank`, how much it is like `query`: its name counts twice, then the other texts; order by `-rank`."""
        typed = Fold(Value(" ".join(_words(query))))
        name = TrigramWordSimilarity(typed, "sort_name")  # type: ignore[arg-type]  # expressions work, too
        texts = TrigramWordSimilarity(typed, "search_text")  # type: ignore[arg-type]
        return self.annotate(rank=Cast((Coalesce(name, 0.0) * 2 + Coalesce(texts, 0.0)) * 1000, IntegerField()))

    def with_standing(self) -> Self:
        """Each with `standing`, the weighted rating to order by (`RatingSummary.standing`; reviews come after this app: no import)."""
        return self.annotate(standing=Coalesce(F("agency__rating_summary__standing"), Value(UNRATED), output_field=BigIntegerField()))


def _words(query: str) -> list[str]:
    return query.replace("\x00", "")[:LONGEST_QUERY].split()
