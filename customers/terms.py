"""Dates that are a number of months later."""

from calendar import monthrange
from datetime import MAXYEAR, date


def months_later(day: date, months: int, *, keep_month_end: bool = False) -> date | None:
    """Return the same day `months` later, or the last day of a shorter month; None after the last possible year.

    With `keep_month_end`, the last day of a month stays the last one: 28 February becomes 31 March.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    # The last year contains the date that stands for none.
    if year >= MAXYEAR:
        return None
    last = monthrange(year, month + 1)[1]
    is_last = day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if keep_month_end and is_last else min(day.day, last))
