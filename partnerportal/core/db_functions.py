"""Database functions for search and counts."""

from typing import Any

from django.db.models import Func, IntegerField, QuerySet, Subquery, TextField, Value

#: SQL that expands umlauts in the text %s, so that “Mueller” finds “Müller”.
UMLAUT_EXPANSION = (
    "replace(replace(replace(replace(replace(replace(%s, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue')"
)


class FoldText(Func):
    """Removes accents and case: “Größe” becomes “grosse”. Created by the migrations of customers."""

    function = "portal_fold"
    output_field = TextField()


class CappedCount(Subquery):
    """Number of rows of a queryset, up to `limit`. Stops counting there, and can use an index alone."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], limit: int) -> None:
        super().__init__(rows.order_by().values(one=Value(1))[:limit])
