"""Excel workbooks (XLSX) with the rows of an export."""

import tempfile
from collections.abc import Iterable, Sequence
from typing import IO

import xlsxwriter  # type: ignore[import-untyped]

#: Number of rows in a sheet, including the headings. The file format allows no more.
SHEET_ROWS = 1_048_576


def workbook(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> IO[bytes]:
    """Return a temporary file with a workbook, with further sheets for rows that don't fit in the first.

    All cells are texts: spreadsheets don't evaluate them, and postal codes keep their zeros.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller reads it
    # Rows are written to a temporary file at once, so that the memory doesn't depend on their number.
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        bold = book.add_format({"bold": True})
        sheet, line = book.add_worksheet(), 0
        for row in rows:
            if line == SHEET_ROWS:
                sheet, line = book.add_worksheet(), 0
            if not line:
                sheet.freeze_panes(1, 0)
                sheet.write_row(0, 0, headings, bold)
                line = 1
            for column, text in enumerate(row):
                sheet.write_string(line, column, text)
            line += 1
    file.seek(0)
    return file
