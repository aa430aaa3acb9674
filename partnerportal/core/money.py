"""Prices in forms.

The decimal separator is recognized independently of the language where that is unambiguous:

1. With both a point and a comma, the last one is the decimal separator: 1.234,50 and 1,234.50.
2. A point or comma followed by one or two digits is the decimal separator: 89,90 and 89.90.
3. A single point or comma followed by three digits depends on the language. “1.234” is 1234 in
   German, and has too many decimal places in English.
4. Points, commas, spaces and apostrophes can separate groups of three digits only, not “12.34.56”.

A currency can precede or follow the amount. Forms compare it with their currency field.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _

#: Maximum length of a typed price, in characters.
MAX_LENGTH = 60
#: Currency codes by other notations.
SYMBOLS = {"€": "EUR", "EURO": "EUR", "FR": "CHF", "FR.": "CHF", "SFR": "CHF", "SFR.": "CHF", "£": "GBP", "$": "USD", "US$": "USD"}

_CURRENCY = r"US\$|[€£$]|s?fr\.?|euro|[a-z]{3}"
# Also matches “89,-”.
_PRICE = re.compile(
    rf"(?P<before>{_CURRENCY})? ?(?P<sign>[-+]?) ?(?P<number>[0-9., ']*[0-9])(?:[.,]-?)? ?(?P<after>{_CURRENCY})?", re.IGNORECASE | re.ASCII
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<separator>[., '])[0-9]{3}(?:(?P=separator)[0-9]{3})*")
_LOOKALIKES = str.maketrans({"−": "-", "–": "-", "—": "-", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})


class PriceField(forms.DecimalField):
    """Form field for a price in any unambiguous format."""

    def __init__(self, **kwargs: Any) -> None:
        # Not type=number, because browsers in another language submit nothing for “12,50”.
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal"}))
        super().__init__(**{**kwargs, "localize": True})

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # Django derives it from an integer field
        if isinstance(value, Decimal):
            return value
        if value in self.empty_values or not str(value).strip():
            return None
        amount = read_price(str(value))
        if self.decimal_places is not None and -cast(int, amount.as_tuple().exponent) > self.decimal_places:
            text = _("Enter an amount with no more than %(places)s decimal places, such as %(example)s.")
            raise ValidationError(text, "max_decimal_places", {"places": self.decimal_places, "example": example_price()})
        return amount


def example_price() -> str:
    """Return an example in the active language: 1,234.50 or 1.234,50."""
    return number_format(Decimal("1234.50"), decimal_pos=2, use_l10n=True, force_grouping=True)


def typed_currency(text: str) -> str:
    """Return the code of the currency typed with a price, or an empty string."""
    match = _PRICE.fullmatch(_simplified(text))
    return _code(match["before"] or match["after"] or "") if match else ""


def read_price(text: str) -> Decimal:
    """Return the amount in `text`, by the rules above.

    Raises:
        ValidationError: There is no amount, or it is ambiguous.
    """
    match = _PRICE.fullmatch(_simplified(text)) if len(text) <= MAX_LENGTH else None
    if match is None or (match["before"] and match["after"] and _code(match["before"]) != _code(match["after"])):
        raise _not_a_price()
    whole, separator, decimals = _split(match["number"])
    grouped = _GROUPED.fullmatch(whole)
    if grouped and grouped["separator"] != separator:
        whole = re.sub(r"[^0-9]", "", whole)
    if not re.fullmatch(r"[0-9]*", whole) or not re.fullmatch(r"[0-9]*", decimals):
        raise _not_a_price()
    return Decimal(f"{match['sign']}{whole or 0}.{decimals}")


def _split(number: str) -> tuple[str, str, str]:
    """Return the integer part, the decimal separator and the decimal places; the latter can be empty."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number, "", ""
    whole, separator, decimals = number[:last], number[last], number[last + 1 :]
    is_grouped = _GROUPED.fullmatch(number) and separator == get_format("THOUSAND_SEPARATOR", use_l10n=True)
    return (number, "", "") if separator in whole or is_grouped else (whole, separator, decimals)


def _simplified(text: str) -> str:
    """Normalize spaces, dashes and apostrophes, and remove invisible characters."""
    visible = "".join(" " if character.isspace() else character for character in text if unicodedata.category(character) != "Cf")
    return re.sub(" +", " ", visible.translate(_LOOKALIKES)).strip()


def _code(typed: str) -> str:
    return SYMBOLS.get(typed.upper(), typed.upper())


def _not_a_price() -> ValidationError:
    return ValidationError(_("Enter an amount such as %(example)s."), "invalid", {"example": example_price()})
