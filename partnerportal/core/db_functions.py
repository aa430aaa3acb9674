"""Database functions for search."""

from django.db.models import Func, TextField

#: SQL that replaces umlauts in the text %s by their other spelling, so that “Mueller” finds “Müller”.
UMLAUT_EXPANSION = (
    "replace(replace(replace(replace(replace(replace(%s, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue')"
)


class FoldText(Func):
    """Removes accents and case: “Größe” becomes “grosse”. The SQL function is created by customers' migrations."""

    function = "portal_fold"
    output_field = TextField()
