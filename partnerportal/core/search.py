"""Search in an agency's rows by parts of words, ignoring accents, case and typing errors.

Searchable models have a generated column `search_text` and a GIN index created by `search_index`.
"""

from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection, models, transaction
from django.db.models import BigIntegerField, F, IntegerField, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from partnerportal.core.db_functions import FoldText
from partnerportal.core.querysets import TenantQuerySet

#: Maximum number of matches that are ranked. Lists display “500+” if there are more.
MAX_CANDIDATES = 500
#: Maximum length of a query, in characters; the rest is ignored.
MAX_QUERY_LENGTH = 100
#: Minimum word similarity of fuzzy matches, from 0 to 1. Permits two errors in a long word.
FUZZY_THRESHOLD = 0.44


def search_text(first: str, *more: str) -> models.GeneratedField:
    """Return a generated column with the folded texts of the fields."""
    texts = Concat(first, *(part for field in more for part in (Value(" "), field))) if more else F(first)
    return models.GeneratedField(expression=FoldText(texts), output_field=TextField(), db_persist=True)


def search_index(name: str) -> GinIndex:
    """Return the index used by searches."""
    return GinIndex(F("agency"), OpClass("search_text", "gin_trgm_ops"), name=name)


class SearchQuerySet(TenantQuerySet[Any]):
    """Queryset of searchable rows."""

    def for_agency(self, agency: models.Model) -> Self:
        """Return the rows of the agency. Searches require it, because `agency.customers` doesn't use the index.

        GIN can't compare the index's bigint with the integer of a plain `agency_id = 1`, and would
        return the matches of all agencies.
        """
        return self.filter(agency=Cast(Value(agency.pk), BigIntegerField()))

    def search(self, query: str) -> list[int]:
        """Return the primary keys of up to `MAX_CANDIDATES` + 1 exact matches, or else of fuzzy matches."""
        return self.matching(query) or self.fuzzy(query)

    def matching(self, query: str) -> list[int]:
        """Return the primary keys of rows that contain every word, unordered."""
        words = _words(query)
        rows = self.order_by()
        for word in words:
            rows = rows.filter(search_text__contains=FoldText(Value(word)))
        return list(rows.values_list("pk", flat=True)[: MAX_CANDIDATES + 1]) if words else []

    def fuzzy(self, query: str) -> list[int]:
        """Return the primary keys of rows that contain a word similar to each word, best matches first."""
        words = _words(query)
        rows = self.ranked(query).order_by("-rank")
        for word in words:
            rows = rows.filter(search_text__trigram_word_similar=FoldText(Value(word)))
        if not words:
            return []
        with transaction.atomic(), connection.cursor() as cursor:
            # The index operator has no other way to set the threshold.
            cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = %s", [FUZZY_THRESHOLD])
            return list(rows.values_list("pk", flat=True)[: MAX_CANDIDATES + 1])

    def ranked(self, query: str) -> Self:
        """Annotate each row with its `rank`, the similarity to the query from 0 to 1000."""
        similarity = TrigramWordSimilarity(FoldText(Value(" ".join(_words(query)))), "search_text")  # type: ignore[arg-type]  # accepts expressions
        return self.annotate(rank=Cast(Coalesce(similarity, 0.0) * 1000, IntegerField()))


def _words(query: str) -> list[str]:
    return query.replace("\x00", "")[:MAX_QUERY_LENGTH].split()
