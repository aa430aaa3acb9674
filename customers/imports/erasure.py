"""What an erased customer may have left in files that wait to be imported.

The patterns read the same to Python, which looks through files, and to PostgreSQL, which looks through rows.
"""

import re

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Lower

from customers.imports.reader import MAX_RECORD_LENGTH, Source
from customers.models import Customer
from customers.queries.duplicates import phone_key
from partnerportal.core.email_addresses import address_variants

#: All cells of an `ImportRow` as one text, each a line.
ROW_TEXT = Lower(Func(F("cells"), Value("\n"), function="array_to_string", output_field=TextField()))

#: What people write between the digits of a phone number.
_BETWEEN_DIGITS = r"[ ./()-]"


def identifier_pattern(customer: Customer) -> str:
    """A regular expression for what nobody else has: e-mail address, phone number, domains; empty if none is known."""
    domains = [name for pair in customer.domains.values_list("name", "unicode_name") for name in pair]
    patterns = [rf"(?<![\w.@+-])(?:www\.)?{_literal(text)}(?![\w-])" for text in {*address_variants(customer.email), *domains} if text]
    if digits := phone_key(customer.phone):
        patterns.append(f"{_BETWEEN_DIGITS}{{0,4}}".join(digits) + rf"(?!{_BETWEEN_DIGITS}{{0,2}}\d)")
    return "|".join(patterns)


def rows_with_identifier(customer: Customer) -> Q:
    """Rows in which one of these stands."""
    pattern = identifier_pattern(customer)
    return Q(text__regex=pattern) if pattern else Q(pk__in=[])


def rows_with_name(customer: Customer) -> Q:
    """Rows with the same company, person or website in a cell, which others may have, too."""
    names = [[customer.company], [customer.website], [customer.first_name, customer.last_name]]
    found = Q(pk__in=[])
    for cells in names:
        if all(cells):
            found |= Q(*(Q(text__regex=rf"(^|\n)\s*{_literal(cell)}\s*(\n|$)") for cell in cells))
    return found


def file_contains(source: Source, pattern: str) -> bool:
    """Whether something like it stands in a file."""
    sought = re.compile(pattern)
    return any(sought.search(line.lower()) for line in iter(lambda: source.text.readline(MAX_RECORD_LENGTH), ""))


def _literal(text: str) -> str:
    return re.escape(text.lower())
