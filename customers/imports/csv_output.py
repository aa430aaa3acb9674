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

#: Characters with which a formula begins, including full-width forms.
_SIGNS = r"=+\-@＝＋－＠"
#: A phone number executes nothing, and other programs need it as it is.
_PHONE = r"\+[0-9][0-9 ()/.\-]*(?=[;,\t\r\n]|\Z)"
#: The start of a cell, or what becomes one in a spreadsheet that splits the file at another delimiter.
_START = r"(\A|[;,\t\r\n]\"?)"
#: Includes leading apostrophes, so that `unescape_formula(escape_formula(x)) == x` for every x.
_FORMULA = re.compile(rf"(\A)(?='*[\t\r\n])|{_START}(?!{_PHONE})(?='*[{_SIGNS}])")
_ESCAPED = re.compile(rf"(\A)'(?='*[\t\r\n])|{_START}'(?='*[{_SIGNS}])")
_DELIMITER = re.compile(r"[;,\t\r\n]")


def escape_formula(text: str) -> str:
    """Prefix what a spreadsheet could take for a formula with an apostrophe.

    That includes text after a delimiter: English files have commas, but a German spreadsheet splits them at semicolons.
    """
    # Most cells begin with a letter or a digit, and contain no delimiter.
    if text[:1].isalnum() and not _DELIMITER.search(text):
        return text
    return _FORMULA.sub(r"\1\2'", text)


def unescape_formula(text: str) -> str:
    """Remove the apostrophes added by `escape_formula`."""
    return _ESCAPED.sub(r"\1\2", text) if "'" in text else text


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
