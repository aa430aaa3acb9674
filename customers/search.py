"""Finding customers: by parts of words, without accents and case, and with typing mistakes; the likeliest first."""

from typing import Any, Self

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Exists, Func, IntegerField, TextField, Value
from django.db.models.functions import Cast, Coalesce

from partnerportal.agencies.models import TenantQuerySet

#: So many matches are looked at to find the likeliest; whoever gets more should type another word. A list says “1,000+” then.
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

    def search(self, query: str) -> list[int]:
        """The numbers (primary keys) of those that match, `CANDIDATES` + 1 at most; one query.

        Every word has to stand somewhere in the customer's texts; where nobody has them all, those who nearly have
        (pg_trgm's word similarity of 0.6). Both go through the trigram index that the agency leads.
        """
        words = query.replace("\x00", "")[:LONGEST_QUERY].split()
        if not words:
            return []
        exact, alike = self.order_by(), self.order_by()
        for word in words:
            exact = exact.filter(search_text__contains=Fold(Value(word)))
            alike = alike.filter(search_text__trigram_word_similar=Fold(Value(word)))
        # PostgreSQL doesn't even begin with the second half when the first has a row.
        most = CANDIDATES + 1
        alike = alike.filter(~Exists(exact))
        return list(exact.values_list("pk", flat=True)[:most].union(alike.values_list("pk", flat=True)[:most], all=True))

    def ranked(self, query: str) -> Self:
        """Each with a `rank` from 0 to 1000, how much it is like `query`; order by `-rank` for the likeliest first."""
        words = query.replace("\x00", "")[:LONGEST_QUERY].split()
        likeness = TrigramWordSimilarity(Fold(Value(" ".join(words))), "search_text")  # type: ignore[arg-type]  # expressions work, too
        return self.annotate(rank=Cast(Coalesce(likeness, 0.0) * 1000, IntegerField()))
