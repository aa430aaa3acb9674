"""Database functions for search."""

from django.db.models import Func, TextField

#: SQL that expands umlauts in the text %s, so that “Mueller” finds “Müller”.
UMLAUT_EXPANSION = (
    "replace(replace(replace(replace(replace(replace(%s, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue')"
)


class FoldText(Func):
    """Removes accents and case: “Größe” becomes “grosse”. Created by the migrations of customers."""

    function = "portal_fold"
    output_field = TextField()
