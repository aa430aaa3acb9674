"""Distinct words of an agency's customers, in which the search looks up words with typing errors.

`triggers` maintains them, because a common name occurs in thousands of customers: comparing each with
a misspelt word would take most of a second.
"""

from collections.abc import Sequence

from django.db import connection, models

from partnerportal.agencies.models import Agency
from partnerportal.core.search import word_index

#: Maximum number of similar words, and their minimum similarity compared with the most similar one.
MAX_WORDS, MIN_SHARE = 5, 0.75

_SIMILAR = """
    SELECT sought.word, found.word, found.score
    FROM unnest(%s::text[]) AS sought(word),
    LATERAL (
        SELECT word, similarity(word, portal_fold(sought.word)) AS score FROM customers_customerword
        WHERE agency_id = %s::bigint AND word %%> portal_fold(sought.word) ORDER BY score DESC, word LIMIT %s
    ) AS found
"""


class CustomerWord(models.Model):
    """A word that occurs in the `search_text` of customers. Numbers and short words are left out."""

    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+", db_index=False)
    word = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "word"], name="customer_word_once_per_agency")]
        indexes = [word_index("customer_word_search")]

    def __str__(self) -> str:
        return self.word


def similar_words(agency_key: int | None, words: Sequence[str]) -> dict[str, list[str]]:
    """Return the agency's words that are most similar to each word, with one query within `fuzzy_threshold`."""
    similar: dict[str, list[str]] = {word: [] for word in words}
    with connection.cursor() as cursor:
        cursor.execute(_SIMILAR, [list(similar), agency_key, MAX_WORDS])
        best: dict[str, float] = {}
        for sought, found, score in cursor.fetchall():
            is_covered = any(word in found for word in similar[sought])
            if score >= MIN_SHARE * best.setdefault(sought, score) and not is_covered:
                similar[sought].append(found)
    return similar
