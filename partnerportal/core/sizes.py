"""Sizes of files for people."""

import math

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.html import avoid_wrapping

_UNITS = ("KB", "MB", "GB", "TB")


def file_size(size: int, *, round_up: bool = False) -> str:
    """Return a number of bytes with its unit and at most one decimal: “10 MB” instead of Django's “10.0 MB”.

    A size is rounded up so that one that exceeds a limit isn't displayed like the limit.
    """
    if size < 1024:
        return str(filesizeformat(size))
    value, unit = size / 1024, 0
    # From 1,000 of a unit on, the next one: a quota of 1,000 MB is 1 GB.
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    tenths = math.ceil(round(value * 10, 6)) if round_up else round(value * 10)
    decimals = 1 if tenths % 10 else 0
    return str(avoid_wrapping(f"{number_format(tenths / 10, decimals)} {_UNITS[unit]}"))
