"""Dates to sort by: lists of what is due page by keyset, and a keyset has no place for NULL."""

from datetime import date

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

#: No date of an agency's work lies before; a year typed as “26” becomes the year 26, and that is a slip.
validate_plausible_date = MinValueValidator(date(1900, 1, 1), _("This date is too far in the past. Check the year."))
#: Stands for “some day” at the end of a list.
NO_DATE = date(9999, 12, 31)


def sort_date(field: str) -> models.GeneratedField:
    """A generated column: the date in `field`, or `SOME_DAY` where there is none."""
    return models.GeneratedField(
        expression=Coalesce(field, Value(NO_DATE, models.DateField())), output_field=models.DateField(), db_persist=True
    )
