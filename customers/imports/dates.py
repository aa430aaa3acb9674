"""Dates as registrars, spreadsheets and people write them."""

import datetime as dt
import re
from collections.abc import Iterable

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan", "feb", "mar mär mrz maer", "apr", "may mai", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec dez"), 1
    )
    for name in names.split()
}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])\s*(\d{1,2})\2\s*(\d{4})(?: .*)?")
#: “31. Dezember 2026”, “31-Dec-2026”
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-. ]+([a-zä]{3,9})[-., ]+(\d{4})", re.IGNORECASE)
#: “Dec 31, 2026”
_MONTH_FIRST = re.compile(r"([a-zä]{3,9})[-. ]+(\d{1,2})(?:st|nd|rd|th)?[-., ]+(\d{4})", re.IGNORECASE)


class AmbiguousDate(ValueError):
    """The day and the month could be swapped."""


def parse_date(text: str, *, month_first: bool | None = None) -> dt.date:
    """Return the date in a text. In dates with slashes, the month comes first or second, or it is unknown (None).

    Raises:
        AmbiguousDate: It is unknown which number is the month.
        ValueError: The text isn't a date.
    """
    if match := _ISO.fullmatch(text):
        return dt.date(*map(int, match.groups()))
    if match := _NUMBERS.fullmatch(text):
        first, separator, second, year = match.groups()
        day, month = int(first), int(second)
        if separator == "/" and day != month:
            if max(day, month) <= 12 and month_first is None:
                raise AmbiguousDate(text)
            if month > 12 or (month_first and day <= 12):
                day, month = month, day
        return dt.date(int(year), month, day)
    if match := _DAY_FIRST.fullmatch(text):
        return dt.date(int(match[3]), _month(match[2]), int(match[1]))
    if match := _MONTH_FIRST.fullmatch(text):
        return dt.date(int(match[3]), _month(match[1]), int(match[2]))
    raise ValueError(text)


def is_month_first(texts: Iterable[str]) -> bool | None:
    """Return whether the month comes first in dates with slashes, or None if none of these dates shows it."""
    for text in texts:
        match = _NUMBERS.fullmatch(text)
        if match and match[2] == "/" and max(int(match[1]), int(match[3])) > 12:
            return int(match[3]) > 12
    return None


def _month(name: str) -> int:
    number = _MONTHS.get(name.lower()[:3]) or _MONTHS.get(name.lower()[:4])
    if number is None:
        raise ValueError(name)
    return number
