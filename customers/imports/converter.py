"""Converts spreadsheets and address books to CSV. Runs as a process of its own, with limits of memory and time.

A workbook of one kilobyte can name a cell for which the reader allocates hundreds of gigabytes, and a line of
an address book can keep its reader busy for hours. Neither can be caught within a process.

Usage: python -m customers.imports.converter KIND MAX_COLUMNS <FILE >CSV
"""

import csv
import datetime as dt
import io
import re
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import vobject  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook

from customers.imports.values import LINE_SEPARATOR

#: Limits of the process: address space in bytes, CPU time in seconds, size of the output in bytes.
MAX_MEMORY, MAX_SECONDS, MAX_OUTPUT = 1_500_000_000, 20, 500_000_000

#: Headings of converted address books.
_CARD_HEADINGS = (
    "Company", "Salutation", "First name", "Last name", "Name", "E-mail", "Other e-mail", "Phone", "Other phone",
    "Street", "Address line 2", "ZIP code", "City", "Country", "Website", "Notes", "Title", "Birthday", "Categories",
)  # fmt: skip
_CARD = re.compile(r"^BEGIN:VCARD\s*$.*?^END:VCARD\s*$", re.DOTALL | re.MULTILINE | re.IGNORECASE)


def workbook_rows(file: io.BytesIO) -> Iterator[list[str]]:
    """Yield the rows of the first sheet that isn't empty."""
    workbook = CalamineWorkbook.from_filelike(file)
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.height and sheet.width:
            yield from ([_cell_text(cell) for cell in row] for row in sheet.iter_rows())
            return


def address_book_rows(file: io.BytesIO) -> Iterator[list[str]]:
    """Yield headings and one row for each card (vCard 2.1 to 4.0). A card that can't be read keeps its text in the notes."""
    yield list(_CARD_HEADINGS)
    for card in _CARD.findall(_decoded(file.read())):
        try:
            yield _card_cells(vobject.readOne(io.StringIO(card), ignoreUnreadable=True).contents)
        except Exception:  # noqa: BLE001  # the library raises exceptions of any type for malformed cards.
            yield [card.strip() if heading == "Notes" else "" for heading in _CARD_HEADINGS]


def write_csv(rows: Iterable[Sequence[str]], *, max_columns: int) -> None:
    """Write the rows to the standard output, in UTF-8 with commas."""
    writer = csv.writer(io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="replace", newline=""), lineterminator="\n")
    for row in rows:
        writer.writerow([re.sub("\r\n?|\n", LINE_SEPARATOR, cell) for cell in row[: max_columns + 1]])


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def _cell_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _card_cells(contents: dict[str, list[Any]]) -> list[str]:
    """Return the cells of a card in the order of `_CARD_HEADINGS`."""
    name = contents["n"][0].value if "n" in contents else None
    address = contents["adr"][0].value if "adr" in contents else None
    emails, phones = _values(contents, "email"), _values(contents, "tel")
    company = " ".join(filter(None, contents["org"][0].value)) if "org" in contents else ""
    parts = {part: _text(getattr(name, part, "")) for part in ("prefix", "given", "additional", "family")}
    has_name = bool(parts["family"])
    return [
        company,
        parts["prefix"],
        " ".join(filter(None, (parts["given"], parts["additional"]))) if has_name else "",
        parts["family"],
        "" if has_name or company else _first(contents, "fn"),
        *_first_and_others(emails),
        *_first_and_others([phone.removeprefix("tel:") for phone in phones]),
        *(_text(getattr(address, part, "")) for part in ("street", "extended", "code", "city", "country")),
        _first(contents, "url"),
        "\n".join(_values(contents, "note")),
        _first(contents, "title"),
        _first(contents, "bday"),
        ", ".join(_values(contents, "categories")),
    ]


def _values(contents: dict[str, list[Any]], key: str) -> list[str]:
    """Return the values of a property, preferred ones first."""
    lines = sorted(contents.get(key, []), key=lambda line: not _is_preferred(line.params))
    return [text for line in lines if (text := _text(line.value))]


def _is_preferred(params: dict[str, list[str]]) -> bool:
    return "PREF" in params or any(kind.upper() == "PREF" for kind in params.get("TYPE", []))


def _first(contents: dict[str, list[Any]], key: str) -> str:
    return next(iter(_values(contents, key)), "")


def _first_and_others(values: list[str]) -> tuple[str, str]:
    return (values[0] if values else "", " ::: ".join(values[1:]))


def _text(value: Any) -> str:
    """Return a value of a card as text. Parts of names and addresses can be lists."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "").strip()


def main() -> None:
    """Convert the standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kind, max_columns = sys.argv[1:]
    rows = workbook_rows if kind == "workbook" else address_book_rows
    write_csv(rows(io.BytesIO(sys.stdin.buffer.read())), max_columns=int(max_columns))


if __name__ == "__main__":
    main()
