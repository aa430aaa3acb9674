"""Detection of a text file's format: encoding, delimiter, and the line with the headings."""

import codecs
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.imports.columns import guess_mapping, looks_like_header
from customers.imports.domain_columns import guess_domain_mapping
from customers.imports.reader import BYTE_ORDER_MARK, Record, read_records

#: Number of bytes from which UTF-16, binary files, the delimiter and the headings are detected.
SAMPLE_BYTES = 64 * 1024
#: Number of records among which the headings are searched, below the title of a report.
HEADER_RECORDS = 20

ENCODINGS: dict[str, str | Promise] = {
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252",
    "cp1250": _("Windows-1250 (Central European)"),
    # With explicit byte order: Python's “utf-16” requires a byte order mark.
    "utf-16-le": "UTF-16",
    "utf-16-be": _("UTF-16, big-endian"),
    "mac_roman": "Mac OS Roman",
}
DELIMITERS: dict[str, str | Promise] = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Vertical bar")}

#: Bytes that text files rarely contain.
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\x0b\x0c\x1a\x1b")
#: Bytes that aren't valid UTF-8, as Python's “surrogateescape” decodes them.
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
#: What Central European letters look like when they are read as Windows-1252: letters of its own (š, ž), symbols
#: within words (ł, ą, ż, ź) and undefined bytes (ť).
_CENTRAL_EUROPEAN = re.compile(r"[ŠšŽž\ufffd]|[£¥³¹](?=[^\W\d_])|(?<=[^\W\d_])[¿¯](?=[^\W\d_])|(?<=[a-zó])Ÿ")


def detect_encoding(chunks: Iterable[bytes]) -> str:
    """Return a key of `ENCODINGS`: UTF-16 by its byte order mark or zeros, UTF-8 if most text is valid, else a Windows encoding.

    A few invalid bytes in a UTF-8 file cost their rows, not the file.

    Raises:
        ValidationError: The file is binary, for example an image.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    valid = invalid = 0
    legacy = bytearray()
    for number, chunk in enumerate(chain(chunks, [b""])):
        if number == 0:
            if utf_16 := _detect_utf_16(chunk[:SAMPLE_BYTES]):
                return utf_16
            _ensure_text(chunk[:SAMPLE_BYTES])
        if not chunk.isascii() and len(legacy) < SAMPLE_BYTES:
            legacy += chunk[: SAMPLE_BYTES - len(legacy)]
        text = decoder.decode(chunk, final=not chunk)
        if not text.isascii():
            escaped = len(_ESCAPED_BYTE.findall(text))
            invalid += escaped
            valid += len(text) - len(text.encode("ascii", "ignore")) - escaped
    if valid >= invalid:
        return "utf-8-sig"
    return "cp1250" if _CENTRAL_EUROPEAN.search(legacy.decode("cp1252", "replace")) else "cp1252"


def detect_delimiter(text: str) -> str:
    """Return the key of `DELIMITERS` that splits the first records most evenly, and into the most columns."""
    first_line = text.split("\n", 1)[0].lstrip(BYTE_ORDER_MARK).lower()
    if first_line.startswith("sep=") and first_line[4:5] in DELIMITERS:
        return first_line[4]

    def evenness(delimiter: str) -> tuple[float, int]:
        widths = [len(record.cells) for record in islice(read_records(io.StringIO(text, newline=""), delimiter), 20)]
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (count / len(widths), width) if width > 1 else (0, 1)

    return max(DELIMITERS, key=evenness)


def find_header(records: Sequence[Record]) -> tuple[int, bool]:
    """Return the line on which the table begins, and whether that line contains headings.

    Reports have lines above the headings. These are skipped if a later line names at least two fields.
    """
    if not records:
        return 1, True
    known = [max(len(guess_mapping(record.cells)), len(guess_domain_mapping(record.cells))) for record in records[:HEADER_RECORDS]]
    best = known.index(max(known))
    if not known[0] and known[best] >= 2:
        return records[best].line, True
    return 1, looks_like_header(records[0].cells)


def _detect_utf_16(sample: bytes) -> str:
    zeros_first, zeros_second = sample[::2].count(0), sample[1::2].count(0)
    many = max(0.2 * len(sample), 1)
    if sample.startswith(codecs.BOM_UTF16_LE) or zeros_second >= many > zeros_first:
        return "utf-16-le"
    if sample.startswith(codecs.BOM_UTF16_BE) or zeros_first >= many > zeros_second:
        return "utf-16-be"
    return ""


def _ensure_text(sample: bytes) -> None:
    if sum(byte in _CONTROLS for byte in sample) > len(sample) * 0.02 + 5:
        raise ValidationError(_("This isn’t a text file. Upload a CSV file, a spreadsheet or an address book."), "binary")
