"""Search in an agency's rows by parts of words, ignoring accents, case and typing errors.

Searchable models have a generated column `search_text` and a GIN index created by `search_index`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection, models, transaction
from django.db.models import BigIntegerField, F, IntegerField, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from partnerportal.core.db_functions import FoldText
from partnerportal.core.querysets import TenantQuerySet

#: Maximum number of matches that are ranked. Lists display “200+” if there are more, newest first.
MAX_CANDIDATES = 200
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


def word_index(name: str) -> GinIndex:
    """Return the index for words with typing errors."""
    return GinIndex(F("agency"), OpClass("word", "gin_trgm_ops"), name=name)


class SearchQuerySet(TenantQuerySet[Any]):
    """Queryset of searchable rows."""

    #: Primary key of the agency, set by `for_agency`.
    agency_key: int | None = None

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # not in the stubs
        clone.agency_key = self.agency_key
        return clone

    def for_agency(self, agency: models.Model) -> Self:
        """Return the rows of the agency. Searches require it, because `agency.customers` doesn't use the index.

        GIN can't compare the index's bigint with the integer of a plain `agency_id = 1`, and would
        return the matches of all agencies.
        """
        rows = self.filter(agency=Cast(Value(agency.pk), BigIntegerField()))
        rows.agency_key = agency.pk
        return rows

    def search(self, query: str) -> list[int]:
        """Return the primary keys of up to `MAX_CANDIDATES` + 1 exact matches, or else of fuzzy matches."""
        return self.matching(query).candidates() or self.fuzzy(query).candidates()

    def found(self, query: str) -> tuple[Self, int, bool]:
        """Return the exact or else the fuzzy matches with their `rank`, their number up to a limit, and whether there are more.

        Too many matches aren't ranked: each has the rank 0.
        """
        matches = self.matching(query)
        keys = matches.candidates()
        if not keys:
            matches = self.fuzzy(query)
            keys = matches.candidates()
        if len(keys) > MAX_CANDIDATES:
            return matches.annotate(rank=Value(0)), MAX_CANDIDATES, True
        return self.model._default_manager.filter(pk__in=keys).ranked(query), len(keys), False

    def candidates(self) -> list[int]:
        """Return the primary keys of up to `MAX_CANDIDATES` + 1 of these rows."""
        return list(self.order_by().values_list("pk", flat=True)[: MAX_CANDIDATES + 1])

    def matching(self, query: str) -> Self:
        """Return the rows that contain every word."""
        return self.containing(*words(query)) if words(query) else self.none()

    def containing(self, *typed: Any) -> Self:
        """Return the rows that contain each of these words, which can be placeholders of compiled queries."""
        rows = self
        for word in typed:
            rows = rows.filter(search_text__contains=FoldText(Value(word)))
        return rows

    def fuzzy(self, query: str) -> Self:
        """Return up to `MAX_CANDIDATES` rows that contain a word similar to each word."""
        with fuzzy_threshold():
            return self.filter(pk__in=self.similar(query).candidates()[:MAX_CANDIDATES])

    def similar(self, query: str) -> Self:
        """Return the rows that contain a word similar to each word. They are only read correctly within `fuzzy_threshold`."""
        rows = self if words(query) else self.none()
        for word in words(query):
            rows = rows.filter(search_text__trigram_word_similar=FoldText(Value(word)))
        return rows

    def ranked(self, query: str) -> Self:
        """Annotate each row with its `rank`, the similarity to the query from 0 to 1000."""
        return self.ranked_by(" ".join(words(query)))

    def ranked_by(self, text: Any) -> Self:
        """Annotate `rank` like `ranked()`, by a text that can be a placeholder of a compiled query."""
        similarity = TrigramWordSimilarity(FoldText(Value(text)), "search_text")  # type: ignore[arg-type]  # accepts expressions
        return self.annotate(rank=Cast(Coalesce(similarity, 0.0) * 1000, IntegerField()))


@contextmanager
def fuzzy_threshold() -> Iterator[None]:
    """Set `FUZZY_THRESHOLD` for the index operator, which has no other way to set it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = %s", [FUZZY_THRESHOLD])
        yield


def words(query: str) -> list[str]:
    """Return the words of a query, without what is too long or can't be stored."""
    return query.replace("\x00", "")[:MAX_QUERY_LENGTH].split()
