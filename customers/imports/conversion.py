"""Conversion of spreadsheets and address books to CSV, so that the rest of an import only knows rows of text."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import vobject  # type: ignore[import-untyped]
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook

from customers.imports.formats import detect_encoding
from customers.imports.models import ImportSource
from customers.imports.reader import MAX_COLUMNS

#: Maximum size of an unpacked workbook, in bytes. It is read in the web process, in about 10 µs a row.
MAX_UNPACKED = 400 * 1024 * 1024
#: Maximum number of cards in an address book. Reading one takes about 0.6 ms.
MAX_CARDS = 10_000

#: First bytes of workbooks: ZIP (XLSX, XLSB, ODS) and OLE (XLS).
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_CARD = b"BEGIN:VCARD"
#: Line break within a cell, so that a row of the CSV file is one line and has the number of the workbook's row.
_LINE_SEPARATOR = "\u2028"
#: Headings of converted address books.
_CARD_HEADINGS = (
    "Company", "Salutation", "First name", "Last name", "Name", "E-mail", "Other e-mail", "Phone", "Other phone",
    "Street", "Address line 2", "ZIP code", "City", "Country", "Website", "Notes", "Title", "Birthday", "Categories",
)  # fmt: skip


def detect_source(head: bytes) -> ImportSource:
    """Return the kind of file that begins with these bytes."""
    if head.startswith((_ZIP, _OLE)):
        return ImportSource.WORKBOOK
    # Address books begin with an optional byte order mark.
    if _CARD in head[:64].upper():
        return ImportSource.ADDRESS_BOOK
    return ImportSource.TEXT


def workbook_rows(file: IO[bytes]) -> Iterator[list[str]]:
    """Yield the rows of the first sheet that isn't empty.

    Raises:
        ValidationError: The file isn't a workbook, or is too large when unpacked.
    """
    _ensure_bounded(file)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.height and sheet.width:
                yield from ([_cell_text(cell) for cell in row] for row in sheet.iter_rows())
                return
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise _unreadable_workbook() from error


def address_book_rows(file: IO[bytes]) -> Iterator[list[str]]:
    """Yield headings and one row for each card (vCard 2.1 to 4.0).

    Raises:
        ValidationError: The file isn't an address book, or has more than `MAX_CARDS` cards.
    """
    data = file.read()
    text = data.decode(detect_encoding([data]), "replace")
    if text.upper().count(_CARD.decode()) > MAX_CARDS:
        message = _("This address book has more than %(limit)d contacts. Split it into smaller files.")
        raise ValidationError(message, "too_many_cards", {"limit": MAX_CARDS})
    yield list(_CARD_HEADINGS)
    try:
        for card in vobject.readComponents(io.StringIO(text), ignoreUnreadable=True):
            yield _card_cells(card.contents)
    except (vobject.base.VObjectError, ValueError, AttributeError, TypeError, IndexError, KeyError) as error:
        # The library raises these for malformed cards.
        raise ValidationError(
            _("This address book can’t be read. Export it again as vCard 3.0 or as a CSV file."), "address_book"
        ) from error


def as_csv(rows: Iterable[Sequence[str]], chunk_size: int) -> Iterator[bytes]:
    """Yield the rows as a CSV file in UTF-8 with commas, in parts of about `chunk_size` bytes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow([cell.replace("\r\n", "\n").replace("\r", "\n").replace("\n", _LINE_SEPARATOR) for cell in row[: MAX_COLUMNS + 1]])
        if buffer.tell() >= chunk_size:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _ensure_bounded(file: IO[bytes]) -> None:
    head = file.read(4)
    file.seek(0)
    if head != _ZIP:
        return
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _unreadable_workbook() from error
    if size > MAX_UNPACKED:
        raise ValidationError(_("This spreadsheet is too large. Save it as “CSV UTF-8”, then upload the CSV file."), "workbook")
    file.seek(0)


def _unreadable_workbook() -> ValidationError:
    return ValidationError(_("This spreadsheet can’t be read. Save it as “CSV UTF-8”, then upload the CSV file."), "workbook")


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
