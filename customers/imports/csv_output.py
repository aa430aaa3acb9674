"""CSV output, with protection against formula injection.

Spreadsheets execute cells that begin with = + - @ (or a tab or line break before them). Cells can contain
text from contact forms. See <https://owasp.org/www-community/attacks/CSV_Injection>.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

#: Number of rows in each part of the response.
_ROWS_PER_CHUNK = 500

#: Includes full-width forms, and leading apostrophes, so that `unescape_formula(escape_formula(x)) == x` for every x.
_FORMULA_START = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def escape_formula(text: str) -> str:
    """Prefix the text with an apostrophe if it begins like a formula."""
    # Most cells begin with a letter or a digit.
    return f"'{text}" if text and not text[0].isalnum() and _FORMULA_START.match(text) else text


def unescape_formula(text: str) -> str:
    """Remove the apostrophe added by `escape_formula`."""
    return text[1:] if text.startswith("'") and _FORMULA_START.match(text) else text


def csv_stream(rows: Iterable[Sequence[str]], *, delimiter: str) -> Iterator[bytes]:
    """Yield the rows as parts of a CSV file in UTF-8, with escaped formulas.

    The file begins with a byte order mark, because Excel otherwise assumes the system's encoding.
    """
    yield codecs.BOM_UTF8
    remaining = iter(rows)
    while part := list(islice(remaining, _ROWS_PER_CHUNK)):
        yield csv_part(part, delimiter=delimiter)


def csv_part(rows: Iterable[Sequence[str]], *, delimiter: str) -> bytes:
    """Return the rows as a part of a CSV file in UTF-8, with escaped formulas."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([escape_formula(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode()
