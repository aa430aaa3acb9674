"""Validators for text from forms and imports."""

import unicodedata
import zoneinfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Permitted control characters: tab, line feed, carriage return.
_ALLOWED_CONTROLS = frozenset("\t\n\r")
#: First letters of the Unicode categories without a glyph of their own: control and format characters, marks, spaces.
_INVISIBLE_CATEGORIES = frozenset("CMZ")
#: Letters and symbols without a glyph: fillers of Hangul, and the empty Braille pattern.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
#: Maximum length of a text that can count as empty, in characters; no field accepts more.
_MAX_BLANK = 10_000


def validate_plain_text(value: str) -> None:
    """Reject control characters (Unicode category Cc) except tab and line breaks, and texts that look empty.

    Raises:
        ValidationError: The text contains such a character, or only invisible ones.
    """
    if _has_control(value) or (value.strip() and not any(map(_is_visible, value))):
        raise ValidationError(_("This text contains characters that can’t be displayed. Type it again."), "control")


def validate_one_line(value: str) -> None:
    """Reject control characters and line breaks, for example in names and titles.

    Raises:
        ValidationError: The text contains such a character, or only invisible ones.
    """
    validate_plain_text(value)
    if any(char in value for char in "\r\n\t\u2028\u2029"):
        raise ValidationError(_("This must be a single line."), "line_break")


def is_blank(value: str) -> bool:
    """Return whether a text looks empty. Texts that are rejected anyway don't count: long ones, and those with control characters."""
    return len(value) <= _MAX_BLANK and not any(map(_is_visible, value)) and not _has_control(value)


def _has_control(value: str) -> bool:
    return any(unicodedata.category(char) == "Cc" and char not in _ALLOWED_CONTROLS for char in value)


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] not in _INVISIBLE_CATEGORIES and char not in _BLANKS


def validate_time_zone(value: str) -> None:
    """Raise ValidationError unless the value is a name in the IANA time zone database."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Enter a valid time zone, such as Europe/Berlin."), "time_zone")
