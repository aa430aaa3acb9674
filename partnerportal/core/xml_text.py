"""Texts in XML."""

import re
from html import escape

#: Characters that XML 1.0 permits in no form (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Return a text escaped for elements and attributes, without characters that XML doesn't permit."""
    return escape(_FORBIDDEN.sub("", text))
