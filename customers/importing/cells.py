"""Cells that a spreadsheet would take for a formula.

Excel, LibreOffice and Google Sheets calculate what begins with = + - @ (or a tab or line break before it), and so may run what a
stranger wrote into a contact form. See <https://owasp.org/www-community/attacks/CSV_Injection>.
"""

import re

#: The full-width forms count, too. Leading apostrophes belong to it, so that `original(harmless(x)) == x` for every x.
_LIKE_A_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def harmless(text: str) -> str:
    """The text with an apostrophe before it if it begins like a formula."""
    return f"'{text}" if _LIKE_A_FORMULA.match(text) else text


def original(text: str) -> str:
    """The text without the apostrophe that `harmless` put before it."""
    return text[1:] if text.startswith("'") and _LIKE_A_FORMULA.match(text) else text
