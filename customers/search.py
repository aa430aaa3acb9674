"""Finding customers: by parts of words, without accents and case, and with typing mistakes; the likeliest first."""

from typing import Any, Self

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import BigIntegerField, IntegerField, Value
from django.db.models.functions import Cast, Coalesce

from partnerportal.agencies.models import Agency, TenantQuerySet
from partnerportal.folding import Fold

#: So many matches are looked at to find the likeliest; whoever gets more should type another word. A list says “500+” then.
CANDIDATES = 500
#: A query longer than this is no name, number or address.
LONGEST_QUERY = 100


class CustomerQuerySet(TenantQuerySet[Any]):
    """Customers, and how they are found."""

    def for_agency(self, agency: Agency) -> Self:
        """Only what this agency may see; to be searched in, unlike `agency.customers`.

        The trigram index holds the agency's key as a bigint. A plain `agency_id = 1` compares it with an integer, which GIN can't: the
        index would bring the matches of all agencies, and PostgreSQL sort out the agency row by row.
        """
        return self.filter(agency=Cast(Value(agency.pk), BigIntegerField()))

    def active(self) -> Self:
        """Those that are worked for."""
        return self.filter(status="active")

    def known(self) -> Self:
        """Active and archived ones; an erased customer is nobody any more."""
        return self.exclude(status="erased")

    def search(self, query: str) -> list[int]:
        """The numbers (primary keys) of those that match, `CANDIDATES` + 1 at most; one query, two after a typing mistake.

        Every word has to stand somewhere in the customer's texts; where nobody has them all, those who nearly have
        (pg_trgm's word similarity of 0.6). Both go through the trigram index that the agency leads; so begin with `for_agency()`.
        """
        words = query.replace("\x00", "")[:LONGEST_QUERY].split()
        if not words:
            return []
        exact = alike = self.order_by()
        for word in words:
            exact = exact.filter(search_text__contains=Fold(Value(word)))
            alike = alike.filter(search_text__trigram_word_similar=Fold(Value(word)))
        # Not both in one query: PostgreSQL would go through the index for the first half twice.
        keys = list(exact.values_list("pk", flat=True)[: CANDIDATES + 1])
        return keys or list(alike.values_list("pk", flat=True)[: CANDIDATES + 1])

    def ranked(self, query: str) -> Self:
        """Each with a `rank` from 0 to 1000, how much it is like `query`; order by `-rank` for the likeliest first."""
        words = query.replace("\x00", "")[:LONGEST_QUERY].split()
        likeness = TrigramWordSimilarity(Fold(Value(" ".join(words))), "search_text")  # type: ignore[arg-type]  # expressions work, too
        return self.annotate(rank=Cast(Coalesce(likeness, 0.0) * 1000, IntegerField()))
