"""Whether the values of a column fit a field, so that the column is proposed for it."""

from collections.abc import Callable, Sequence

from customers.imports.contacts import read_line
from customers.imports.dates import parse_date
from customers.imports.domain_columns import SWITCHES
from customers.imports.reader import Record
from customers.imports.rows import WORDS, Members, number_in
from customers.imports.values import clean
from customers.imports.words import switch
from partnerportal.agencies.models import Agency


def column_fits(agency: Agency, records: Sequence[Record]) -> Callable[[int, str], bool]:
    """Return a function that tells whether at least half of the values of a column fit a field."""
    tests: dict[str, Callable[[str], object]] = {
        **WORDS,
        "responsible": Members(agency).find,
        "number": number_in,
        **dict.fromkeys(SWITCHES, lambda text: switch(text) is not None),
        "expires_on": _is_date,
        "contacts": lambda text: all(map(read_line, text.splitlines())),
    }

    # Footers of reports have one value.
    rows = [record.cells for record in records if sum(map(bool, record.cells)) > 1] or [record.cells for record in records]

    def fits(column: int, field: str) -> bool:
        cells = (clean(cells[column], field) for cells in rows if column < len(cells))
        values = [value for value in cells if value]
        recognizes = tests.get(field)
        return not values or recognizes is None or 2 * sum(bool(recognizes(value)) for value in values) >= len(values)

    return fits


def _is_date(text: str) -> bool:
    try:
        return bool(parse_date(text, month_first=False))
    except ValueError:
        return False
