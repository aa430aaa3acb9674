"""Reading a CSV file of any size and origin, piece by piece: whatever is in it, records come out, the broken ones marked as such."""

import codecs
import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Characters of the longest line or record; the fields of a customer together have less than a tenth of that.
MAX_RECORD_LENGTH = 131_072
#: Columns of the widest file that is taken.
MAX_COLUMNS = 500
#: Bytes by which encoding and delimiter are judged, where not the whole file is.
SAMPLE_BYTES = 64 * 1024
#: Characters that are kept of a line which is too long.
PREVIEW_LENGTH = 200

ENCODINGS: dict[str, str | Promise] = {
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252",
    # Each with its byte order: Python's own “utf-16” gives up where no mark says it.
    "utf-16-le": "UTF-16",
    "utf-16-be": _("UTF-16, big-endian"),
    "mac_roman": "Mac OS Roman",
}
DELIMITERS: dict[str, str | Promise] = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab")}

#: How files begin that are often taken for CSV.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_BYTE_ORDER_MARK = "\ufeff"
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\x0b\x0c\x1a\x1b")


class NotACSVFile(Exception):
    """This is no text file; `is_workbook` if it is a spreadsheet's own format."""

    def __init__(self, *, is_workbook: bool) -> None:
        super().__init__()
        self.is_workbook = is_workbook


class TooManyColumns(Exception):
    """This file has more than `MOST_COLUMNS` columns."""

    def __init__(self, columns: int) -> None:
        super().__init__(columns)
        self.columns = columns


class RecordError:
    """What can be wrong with a record as such."""

    TOO_LONG = "too_long"
    OPEN_QUOTE = "open_quote"


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line on which it begins, its cells as they stand there, and what is wrong with it, if anything."""

    line: int
    cells: list[str]
    problem: str = ""


# --- What kind of file it is -------------------------------------------------------------------------------------------


def detect_encoding(pieces: Iterable[bytes]) -> str:
    """One of `ENCODINGS`: by the byte order mark, by the zeros of UTF-16, as UTF-8 if all of it is, else Windows-1252.

    Raises:
        NotText: it is an Excel workbook, a picture or the like.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    first, is_utf8 = True, True
    for piece in pieces:
        if first:
            first = False
            if wide := _utf_16(piece[:SAMPLE_BYTES]):
                return wide
            _refuse_binary(piece[:SAMPLE_BYTES])
        if is_utf8:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                is_utf8 = False
                break
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return "utf-8-sig" if is_utf8 else "cp1252"


def detect_delimiter(text: str) -> str:
    """The one of `DELIMITERS` that cuts the first lines most evenly into most columns."""
    first_line = text.split("\n", 1)[0].lstrip(_BYTE_ORDER_MARK).lower()
    if first_line.startswith("sep=") and first_line[4:5] in DELIMITERS:
        return first_line[4]

    def evenness(delimiter: str) -> tuple[float, int]:
        widths = [len(record.cells) for record in _first(20, read_records(io.StringIO(text, newline=""), delimiter))]
        width, times = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (times / len(widths), width) if width > 1 else (0, 1)

    return max(DELIMITERS, key=evenness)


def _utf_16(sample: bytes) -> str:
    zeros_first, zeros_second = sample[::2].count(0), sample[1::2].count(0)
    many = max(0.2 * len(sample), 1)
    if sample.startswith(codecs.BOM_UTF16_LE) or zeros_second >= many > zeros_first:
        return "utf-16-le"
    if sample.startswith(codecs.BOM_UTF16_BE) or zeros_first >= many > zeros_second:
        return "utf-16-be"
    return ""


def _refuse_binary(sample: bytes) -> None:
    controls = sum(byte in _CONTROLS for byte in sample)
    if sample.startswith(_WORKBOOKS) or controls > len(sample) * 0.02 + 5:
        raise NotACSVFile(is_workbook=sample.startswith(_WORKBOOKS))


# --- Bytes to text -----------------------------------------------------------------------------------------------------


class _ChunkReader(io.RawIOBase):
    """A file whose pieces are fetched one after the other; `load(n)` is the nth, None after the last."""

    def __init__(self, load: Callable[[int], bytes | None]) -> None:
        self._load = load
        self._number = 0
        self._rest = memoryview(b"")
        #: Bytes handed out so far.
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not self._rest:
            piece = self._load(self._number)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
            self._number += 1
        target = memoryview(buffer).cast("B")
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        self.position += size
        return size


class Source:
    """An uploaded file as text, and how much of it has been read."""

    def __init__(self, load: Callable[[int], bytes | None], encoding: str) -> None:
        self._pieces = _ChunkReader(load)
        # What can't be read in this encoding becomes U+FFFD, and an error of its row.
        self.text = io.TextIOWrapper(io.BufferedReader(self._pieces), encoding=encoding, errors="replace", newline="")

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._pieces.position


# --- Text to records ---------------------------------------------------------------------------------------------------


class _Readable(Protocol):
    def readline(self, size: int = -1, /) -> str: ...


class _LineBuffer:
    """Lines that can be put back; `number` is that of the last one taken."""

    def __init__(self, text: _Readable) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self.number = 0

    def take(self) -> str | None:
        """The next line with its end, cut off at `LONGEST_RECORD` characters; None after the last."""
        line = self._back.popleft() if self._back else self._read()
        if not line:
            return None
        self.number += 1
        return line.removeprefix(_BYTE_ORDER_MARK) if self.number == 1 else line

    def put_back(self, lines: list[str]) -> None:
        """To be taken again."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> str:
        line = rest = self._text.readline(MAX_RECORD_LENGTH)
        while len(rest) == MAX_RECORD_LENGTH and not rest.endswith(("\n", "\r")):
            rest = self._text.readline(MAX_RECORD_LENGTH)
        # Neither a text nor a JSON column of PostgreSQL can hold a NUL.
        return line.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in line else line


def read_records(text: _Readable, delimiter: str) -> Iterator[Record]:
    """Every record that isn't blank. A quotation mark that is never closed spoils its own line, and not the rest of the file."""
    lines = _LineBuffer(text)
    while (line := lines.take()) is not None:
        number = lines.number
        if len(line) >= MAX_RECORD_LENGTH:
            yield Record(number, [line[:PREVIEW_LENGTH]], RecordError.TOO_LONG)
            continue
        if number == 1 and line.rstrip().lower() == f"sep={delimiter}".rstrip():
            continue  # Excel's own mark.
        record = _quoted(lines, line, delimiter) if '"' in line else Record(number, line.rstrip("\r\n").split(delimiter))
        if any(cell and not cell.isspace() for cell in record.cells):
            yield record


def _quoted(lines: _LineBuffer, line: str, delimiter: str) -> Record:
    """The record that begins with this line, and may go on with the next ones."""
    number, taken, unclosed = lines.number, [line], False

    def following() -> Iterator[str]:
        nonlocal unclosed
        yield line
        size = len(line)
        while size < MAX_RECORD_LENGTH:
            more = lines.take()
            if more is None:
                break
            taken.append(more)
            size += len(more)
            yield more
        unclosed = True

    try:
        cells = next(csv.reader(following(), delimiter=delimiter))
    except csv.Error:  # A cell beyond the module's own limit, which is LONGEST_RECORD.
        unclosed = True
    if unclosed:
        lines.put_back(taken[1:])
        return Record(number, line.rstrip("\r\n").split(delimiter), RecordError.OPEN_QUOTE)
    return Record(number, cells)


def _first(number: int, found: Iterator[Record]) -> list[Record]:
    return [record for record, _index in zip(found, range(number), strict=False)]
