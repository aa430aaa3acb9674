"""Conversion of spreadsheets and address books to CSV, so that the rest of an import only knows rows of text."""

import os
import subprocess
import sys
import tempfile
import zipfile
from typing import IO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.imports.models import ImportSource
from customers.imports.reader import MAX_COLUMNS

#: Maximum size of an unpacked workbook, in bytes.
MAX_UNPACKED = 400 * 1024 * 1024
#: Maximum number of cards in an address book. Reading one takes about 0.6 ms.
MAX_CARDS = 10_000
#: Seconds after which a conversion is stopped. Gunicorn would end the web process after 30.
TIMEOUT = 25

#: Environment of the converter, which doesn't need the portal's secrets.
_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8"}
#: First bytes of workbooks: ZIP (XLSX, XLSB, ODS) and OLE (XLS).
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_CARD = b"BEGIN:VCARD"


def detect_source(head: bytes) -> ImportSource:
    """Return the kind of file that begins with these bytes."""
    if head.startswith((_ZIP, _OLE)):
        return ImportSource.WORKBOOK
    # Address books begin with an optional byte order mark, and each character of UTF-16 has two bytes.
    return ImportSource.ADDRESS_BOOK if _CARD in head[:64].replace(b"\0", b"").upper() else ImportSource.TEXT


def converted(file: IO[bytes], source: ImportSource) -> IO[bytes]:
    """Return a temporary CSV file with the contents of a spreadsheet or address book.

    Raises:
        ValidationError: The file can't be read within the limits of `converter`, or has too many contacts.
    """
    if source == ImportSource.WORKBOOK:
        _ensure_bounded(file)
    elif file.read().replace(b"\0", b"").upper().count(_CARD) > MAX_CARDS:
        message = _("This address book has more than %(limit)d contacts. Split it into smaller files.")
        raise ValidationError(message, "too_many_cards", {"limit": MAX_CARDS})
    file.seek(0)
    output = tempfile.TemporaryFile()  # noqa: SIM115  # the caller reads it
    command = [sys.executable, "-m", "customers.imports.converter", source, str(MAX_COLUMNS)]
    try:
        # A temporary file as input, because uploads of a few MB are only in memory.
        with tempfile.TemporaryFile() as copy:
            copy.write(file.read())
            copy.seek(0)
            subprocess.run(  # noqa: S603  # a fixed command
                command,
                stdin=copy,
                stdout=output,
                stderr=subprocess.DEVNULL,
                cwd=settings.BASE_DIR,
                env=_ENVIRONMENT,
                timeout=TIMEOUT,
                check=True,
            )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        output.close()
        raise _unreadable(source) from error
    output.seek(0)
    return output


def _ensure_bounded(file: IO[bytes]) -> None:
    if file.read(4) != _ZIP:
        return
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise _unreadable(ImportSource.WORKBOOK) from error
    if size > MAX_UNPACKED:
        raise ValidationError(_("This spreadsheet is too large. Save it as “CSV UTF-8”, then upload the CSV file."), "workbook")


def _unreadable(source: ImportSource) -> ValidationError:
    if source == ImportSource.WORKBOOK:
        return ValidationError(_("This spreadsheet can’t be read. Save it as “CSV UTF-8”, then upload the CSV file."), "workbook")
    return ValidationError(_("This address book can’t be read. Export it again as vCard 3.0 or as a CSV file."), "address_book")
