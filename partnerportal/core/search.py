"""Finding rows of an agency: by parts of words, without accents and case, and with typing mistakes; the likeliest first.

A model that can be searched has a column `search_text`, folded by the SQL function `portal_fold` (migration 0002 of customers), and one
GIN index that the agency leads: `search_index`.
"""

from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection, models, transaction
from django.db.models import BigIntegerField, F, IntegerField, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from partnerportal.core.db_functions import FoldText
from partnerportal.core.querysets import TenantQuerySet

#: So many matches are looked at to find the likeliest; whoever gets more should type another word. A list says “500+” then.
MAX_CANDIDATES = 500
#: A query longer than this is no name, number or address.
MAX_QUERY_LENGTH = 100
#: From this word similarity on (0 to 1; pg_trgm's own is 0.6) a text counts as nearly right: two slips in a longer word.
FUZZY_THRESHOLD = 0.44


def search_text(first: str, *more: str) -> models.GeneratedField:
    """A generated column: the texts of these fields, folded."""
    texts = Concat(first, *(part for field in more for part in (Value(" "), field))) if more else F(first)
    return models.GeneratedField(expression=FoldText(texts), output_field=TextField(), db_persist=True)


def search_index(name: str) -> GinIndex:
    """The index that a search goes through."""
    return GinIndex(F("agency"), OpClass("search_text", "gin_trgm_ops"), name=name)


class SearchQuerySet(TenantQuerySet[Any]):
    """Rows of agencies that can be searched."""

    def for_agency(self, agency: models.Model) -> Self:
        """Only what this agency may see; to be searched in, unlike `agency.customers`.

        The trigram index holds the agency's key as a bigint. A plain `agency_id = 1` compares it with an integer, which GIN can't: the
        index would bring the matches of all agencies, and PostgreSQL sort out the agency row by row.
        """
        return self.filter(agency=Cast(Value(agency.pk), BigIntegerField()))

    def search(self, query: str) -> list[int]:
        """The primary keys of those that match, or else nearly match, `CANDIDATES` + 1 at most. Begin with `for_agency()`."""
        return self.matching(query) or self.fuzzy(query)

    def matching(self, query: str) -> list[int]:
        """Those in whose texts every word stands somewhere; in no order."""
        words = _words(query)
        found = self.order_by()
        for word in words:
            found = found.filter(search_text__contains=FoldText(Value(word)))
        return list(found.values_list("pk", flat=True)[: MAX_CANDIDATES + 1]) if words else []

    def fuzzy(self, query: str) -> list[int]:
        """Those in whose texts something stands that is like every word, typing mistakes forgiven; the likeliest first."""
        words = _words(query)
        found = self.ranked(query).order_by("-rank")
        for word in words:
            found = found.filter(search_text__trigram_word_similar=FoldText(Value(word)))
        if not words:
            return []
        with transaction.atomic(), connection.cursor() as cursor:
            # For this transaction alone; the operator of the index can't be told in another way.
            cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = %s", [FUZZY_THRESHOLD])
            return list(found.values_list("pk", flat=True)[: MAX_CANDIDATES + 1])

    def ranked(self, query: str) -> Self:
        """Each with a `rank` from 0 to 1000, how much it is like `query`; order by `-rank` for the likeliest first."""
        likeness = TrigramWordSimilarity(FoldText(Value(" ".join(_words(query)))), "search_text")  # type: ignore[arg-type]  # expressions, too
        return self.annotate(rank=Cast(Coalesce(likeness, 0.0) * 1000, IntegerField()))


def _words(query: str) -> list[str]:
    return query.replace("\x00", "")[:MAX_QUERY_LENGTH].split()
