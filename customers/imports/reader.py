"""Streaming parser for CSV files of any size and origin. Invalid records are returned with their problem."""

import codecs
import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Maximum length of a line or record, in characters: more than ten times that of all customer fields.
MAX_RECORD_LENGTH = 131_072
#: Maximum number of columns.
MAX_COLUMNS = 500
#: Number of bytes from which UTF-16, binary files and the delimiter are detected.
SAMPLE_BYTES = 64 * 1024
#: Number of characters kept of a line that is too long.
PREVIEW_LENGTH = 200

ENCODINGS: dict[str, str | Promise] = {
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252",
    # With explicit byte order: Python's “utf-16” requires a byte order mark.
    "utf-16-le": "UTF-16",
    "utf-16-be": _("UTF-16, big-endian"),
    "mac_roman": "Mac OS Roman",
}
DELIMITERS: dict[str, str | Promise] = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab")}

#: First bytes of spreadsheet files.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_BYTE_ORDER_MARK = "\ufeff"
#: Bytes that text files rarely contain.
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\x0b\x0c\x1a\x1b")


class RecordError(TextChoices):
    """Reasons why a record can't be parsed."""

    TOO_LONG = "too_long", _("This row is too long.")
    OPEN_QUOTE = "open_quote", _("This row has an opening quotation mark but no closing one.")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line on which it begins, its cells, and its error, if any."""

    line: int
    cells: list[str]
    error: RecordError | None = None


# --- File format -------------------------------------------------------------------------------------------------------


def detect_encoding(chunks: Iterable[bytes]) -> str:
    """Return a key of `ENCODINGS`: UTF-16 by its byte order mark or zeros, UTF-8 if the file is valid, else Windows-1252.

    Raises:
        ValidationError: The file is binary, for example a spreadsheet or an image.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for number, chunk in enumerate(chunks):
            if number == 0:
                if utf_16 := _detect_utf_16(chunk[:SAMPLE_BYTES]):
                    return utf_16
                _ensure_text(chunk[:SAMPLE_BYTES])
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def detect_delimiter(text: str) -> str:
    """Return the key of `DELIMITERS` that splits the first records most evenly, and into the most columns."""
    first_line = text.split("\n", 1)[0].lstrip(_BYTE_ORDER_MARK).lower()
    if first_line.startswith("sep=") and first_line[4:5] in DELIMITERS:
        return first_line[4]

    def evenness(delimiter: str) -> tuple[float, int]:
        widths = [len(record.cells) for record in islice(read_records(io.StringIO(text, newline=""), delimiter), 20)]
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (count / len(widths), width) if width > 1 else (0, 1)

    return max(DELIMITERS, key=evenness)


def _detect_utf_16(sample: bytes) -> str:
    zeros_first, zeros_second = sample[::2].count(0), sample[1::2].count(0)
    many = max(0.2 * len(sample), 1)
    if sample.startswith(codecs.BOM_UTF16_LE) or zeros_second >= many > zeros_first:
        return "utf-16-le"
    if sample.startswith(codecs.BOM_UTF16_BE) or zeros_first >= many > zeros_second:
        return "utf-16-be"
    return ""


def _ensure_text(sample: bytes) -> None:
    if sample.startswith(_WORKBOOKS):
        raise ValidationError(_("This is a spreadsheet file. Save it as “CSV UTF-8”, then upload the CSV file."), "workbook")
    if sum(byte in _CONTROLS for byte in sample) > len(sample) * 0.02 + 5:
        raise ValidationError(_("This isn’t a text file. Upload a CSV file."), "binary")


# --- Bytes to text -----------------------------------------------------------------------------------------------------


class _ChunkReader(io.RawIOBase):
    """A binary file read from chunks. `load(n)` returns the nth chunk, or None after the last one."""

    def __init__(self, load: Callable[[int], bytes | None]) -> None:
        self._load = load
        self._number = 0
        self._rest = memoryview(b"")
        #: Number of bytes read.
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not self._rest:
            chunk = self._load(self._number)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
            self._number += 1
        target = memoryview(buffer).cast("B")
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        self.position += size
        return size


class Source:
    """An uploaded file as text, with the number of bytes read."""

    def __init__(self, load: Callable[[int], bytes | None], encoding: str) -> None:
        self._reader = _ChunkReader(load)
        # Invalid bytes become U+FFFD, which is an error of the row.
        self.text = io.TextIOWrapper(io.BufferedReader(self._reader), encoding=encoding, errors="replace", newline="")

    @property
    def position(self) -> int:
        """Number of bytes read."""
        return self._reader.position


# --- Text to records ---------------------------------------------------------------------------------------------------


class _Readable(Protocol):
    def readline(self, size: int = -1, /) -> str: ...


class _LineBuffer:
    """Lines of a file, which can be put back. `number` is the number of the last line taken."""

    def __init__(self, text: _Readable) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self.number = 0

    def take(self) -> str | None:
        """Return the next line, truncated to `MAX_RECORD_LENGTH` characters, or None after the last line."""
        line = self._back.popleft() if self._back else self._read()
        if not line:
            return None
        self.number += 1
        return line.removeprefix(_BYTE_ORDER_MARK) if self.number == 1 else line

    def put_back(self, lines: list[str]) -> None:
        """Return lines to the buffer."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> str:
        line = rest = self._text.readline(MAX_RECORD_LENGTH)
        while len(rest) == MAX_RECORD_LENGTH and not rest.endswith(("\n", "\r")):
            rest = self._text.readline(MAX_RECORD_LENGTH)
        # PostgreSQL can't store NUL in text and JSON columns.
        return line.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in line else line


def read_records(text: _Readable, delimiter: str) -> Iterator[Record]:
    """Yield all records that aren't blank. An unclosed quotation mark makes only its own line invalid."""
    lines = _LineBuffer(text)
    while (line := lines.take()) is not None:
        number = lines.number
        if len(line) >= MAX_RECORD_LENGTH:
            yield Record(number, [line[:PREVIEW_LENGTH]], RecordError.TOO_LONG)
            continue
        if number == 1 and line.rstrip().lower() == f"sep={delimiter}".rstrip():
            continue  # Excel's declaration of the delimiter.
        record = _quoted_record(lines, line, delimiter) if '"' in line else Record(number, line.rstrip("\r\n").split(delimiter))
        if any(cell and not cell.isspace() for cell in record.cells):
            yield record


def _quoted_record(lines: _LineBuffer, line: str, delimiter: str) -> Record:
    """Return the record that begins with this line and possibly continues on the following lines."""
    number, taken, unclosed = lines.number, [line], False

    def record_lines() -> Iterator[str]:
        nonlocal unclosed
        yield line
        size = len(line)
        while size < MAX_RECORD_LENGTH and (next_line := lines.take()) is not None:
            taken.append(next_line)
            size += len(next_line)
            yield next_line
        unclosed = True

    try:
        cells = next(csv.reader(record_lines(), delimiter=delimiter))
    except csv.Error:  # A cell is longer than the module's limit, which equals MAX_RECORD_LENGTH.
        unclosed = True
    if unclosed:
        lines.put_back(taken[1:])
        return Record(number, line.rstrip("\r\n").split(delimiter), RecordError.OPEN_QUOTE)
    return Record(number, cells)
