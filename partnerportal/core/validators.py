"""What any typed text is held to, whichever form or import it came through."""

import unicodedata
import zoneinfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Control characters that people do type: tab, line feed, carriage return.
_ALLOWED_CONTROLS = frozenset("\t\n\r")


def validate_plain_text(value: str) -> None:
    """Refuse control characters (Unicode category Cc) but tab and line breaks.

    Emoji, right-to-left text and joiners are somebody's language and pass.

    Raises:
        ValidationError: the text has such a character.
    """
    if any(unicodedata.category(char) == "Cc" and char not in _ALLOWED_CONTROLS for char in value):
        raise ValidationError(_("This text contains characters that can’t be displayed. Type it again."), "control")


def validate_one_line(value: str) -> None:
    """Like `validate_plain_text`, and no line break either: for names, titles, whatever stands in a mail's subject.

    Raises:
        ValidationError: the text has a control character or a line break, or nothing in it can be seen.
    """
    validate_plain_text(value)
    if value.strip() and all(unicodedata.category(char)[0] in "CZ" for char in value):
        raise ValidationError(_("This text contains characters that can’t be displayed. Type it again."), "control")
    if any(char in value for char in "\r\n\t\u2028\u2029"):
        raise ValidationError(_("This must be a single line."), "line_break")


def validate_time_zone(value: str) -> None:
    """Refuse what isn't a name of the IANA time zone database, such as `Europe/Berlin`.

    Raises:
        ValidationError: no such time zone.
    """
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Enter a valid time zone, such as Europe/Berlin."), "time_zone")
