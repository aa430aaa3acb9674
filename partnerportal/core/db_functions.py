"""Texts without accents and case, as people type them into a search box."""

from django.db.models import Func, TextField

#: SQL: German umlauts of the text %s in their other spelling, so that “Mueller” finds “Müller”.
UMLAUT_EXPANSION = (
    "replace(replace(replace(replace(replace(replace(%s, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue')"
)


class FoldText(Func):
    """The text without accents and case: “Größe” becomes “grosse” (the SQL function of customers' migration 0002)."""

    function = "portal_fold"
    output_field = TextField()
