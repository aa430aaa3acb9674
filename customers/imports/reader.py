"""Streaming parser for CSV files of any size and origin. Invalid records are returned with their problem."""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Maximum length of a line or record, in characters: more than ten times that of all customer fields.
MAX_RECORD_LENGTH = 131_072
#: Maximum number of columns.
MAX_COLUMNS = 500
#: Number of characters kept of a line that is too long.
PREVIEW_LENGTH = 200

BYTE_ORDER_MARK = "\ufeff"


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
        return line.removeprefix(BYTE_ORDER_MARK) if self.number == 1 else line

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


def read_records(text: _Readable, delimiter: str, *, first_line: int = 1) -> Iterator[Record]:
    """Yield all records from a line on that aren't blank. An unclosed quotation mark makes only its own line invalid."""
    return (record for record in _all_records(_LineBuffer(text), delimiter) if record.line >= first_line)


def _all_records(lines: _LineBuffer, delimiter: str) -> Iterator[Record]:
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
