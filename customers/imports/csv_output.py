"""Writing CSV, and cells that a spreadsheet would take for a formula.

Excel, LibreOffice and Google Sheets calculate what begins with = + - @ (or a tab or line break before it), and so may run what a
stranger wrote into a contact form. See <https://owasp.org/www-community/attacks/CSV_Injection>.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence

#: Rows that go out together.
_ROWS_PER_CHUNK = 500

#: The full-width forms count, too. Leading apostrophes belong to it, so that `original(harmless(x)) == x` for every x.
_FORMULA_START = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def escape_formula(text: str) -> str:
    """The text with an apostrophe before it if it begins like a formula."""
    return f"'{text}" if _FORMULA_START.match(text) else text


def unescape_formula(text: str) -> str:
    """The text without the apostrophe that `harmless` put before it."""
    return text[1:] if text.startswith("'") and _FORMULA_START.match(text) else text


def csv_stream(rows: Iterable[Sequence[str]], *, delimiter: str) -> Iterator[bytes]:
    """The rows as a CSV file in UTF-8, piece by piece, every cell made harmless.

    With a byte order mark: without one, Excel takes UTF-8 for the system's own encoding.
    """
    lines = _Buffer()
    writer = csv.writer(lines, delimiter=delimiter)
    lines.pieces.append(codecs.BOM_UTF8.decode())
    for number, row in enumerate(rows, 1):
        writer.writerow([escape_formula(cell) for cell in row])
        if number % _ROWS_PER_CHUNK == 0:
            yield lines.taken()
    yield lines.taken()


class _Buffer:
    """A file for `csv.writer` that keeps what was written until it is taken."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def write(self, text: str, /) -> None:
        self.pieces.append(text)

    def taken(self) -> bytes:
        text, self.pieces = "".join(self.pieces), []
        return text.encode()
