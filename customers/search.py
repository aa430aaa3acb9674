"""Finding customers: by parts of words, without accents and case, and with typing mistakes; the likeliest first."""

from typing import Any, Self

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Func, IntegerField, TextField, Value
from django.db.models.functions import Cast, Coalesce

from partnerportal.agencies.models import TenantQuerySet

#: So many matches are looked at to find the likeliest; whoever gets more should type another word.
CANDIDATES = 1000
#: A query longer than this is no name, number or address.
LONGEST_QUERY = 100


class Fold(Func):
    """The text without accents and case, as `search_text` is (the SQL function of migration 0002)."""

    function = "portal_fold"
    output_field = TextField()


class CustomerQuerySet(TenantQuerySet[Any]):
    """Customers, and how they are found."""

    def active(self) -> Self:
        """Those that are worked for."""
        return self.filter(status="active")

    def known(self) -> Self:
        """Active and archived ones; an erased customer is nobody any more."""
        return self.exclude(status="erased")

    def search(self, query: str) -> Self:
        """Those that match, each with a `rank` (0 to 1000); order by `-rank` for the likeliest first.

        Every word has to stand in the customer's texts, or nearly (pg_trgm's word similarity, 0.6). Words are looked
        up in the trigram index that the agency leads; a very common word brings its first `CANDIDATES` matches.
        """
        words = query.replace("\x00", "")[:LONGEST_QUERY].split()
        if not words:
            return self.none().annotate(rank=Value(0, IntegerField()))
        exact = self._containing(words)
        matches = exact if exact.exists() else self._resembling(words)
        candidates = matches.order_by().values("pk")[:CANDIDATES]
        likeness = TrigramWordSimilarity(Fold(Value(" ".join(words))), "search_text")  # type: ignore[arg-type]  # expressions work, too
        rank = Cast(Coalesce(likeness, 0.0) * 1000, IntegerField())
        ranked: Self = self.model._default_manager.filter(pk__in=candidates).annotate(rank=rank)
        return ranked

    def _containing(self, words: list[str]) -> Self:
        found = self
        for word in words:
            found = found.filter(search_text__contains=Fold(Value(word)))
        return found

    def _resembling(self, words: list[str]) -> Self:
        found = self
        for word in words:
            found = found.filter(search_text__trigram_word_similar=Fold(Value(word)))
        return found
