"""Prices as people type them and as pages print them.

The decimal separator is recognized by these rules, so that no price is misread:

1. With both a point and a comma, the last one is the decimal separator: 1.234,50 and 1,234.50 are the same in either language.
2. A point or comma followed by one or two digits is a decimal separator: 89,90 and 89.90 are the same in either language.
3. A single point or comma followed by exactly three digits is what it is in the reader's language: “1.234” is 1234 in German; in
   English it has three decimal places, and is refused.
4. Points, commas, spaces and apostrophes that group digits must separate groups of three: “12.34.56” is refused.

A currency before or after the amount is accepted; forms that also ask for the currency compare the two.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _

#: No price has more characters.
LONGEST = 60
#: How currencies are written besides their codes.
SYMBOLS = {"€": "EUR", "EURO": "EUR", "FR": "CHF", "FR.": "CHF", "SFR": "CHF", "SFR.": "CHF", "£": "GBP", "$": "USD", "US$": "USD"}

_CURRENCY = r"US\$|[€£$]|s?fr\.?|euro|[a-z]{3}"
#: “89,-” ends with a separator and a dash.
_PRICE = re.compile(
    rf"(?P<before>{_CURRENCY})? ?(?P<sign>[-+]?) ?(?P<number>[0-9., ']*[0-9])(?:[.,]-?)? ?(?P<after>{_CURRENCY})?", re.IGNORECASE | re.ASCII
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<separator>[., '])[0-9]{3}(?:(?P=separator)[0-9]{3})*")
_LOOKALIKES = str.maketrans({"−": "-", "–": "-", "—": "-", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})


class PriceField(forms.DecimalField):
    """A price, typed or pasted in any format that the pages print; shown in the reader's format."""

    def __init__(self, **kwargs: Any) -> None:
        # Not type=number: where the browser's language isn't the person's, it sends nothing at all for “12,50”.
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
    """A price in the reader's format: 1,234.50 or 1.234,50."""
    return number_format(Decimal("1234.50"), decimal_pos=2, use_l10n=True, force_grouping=True)


def typed_currency(text: str) -> str:
    """The code of the currency typed with a price; empty without one."""
    found = _PRICE.fullmatch(_simplified(text))
    return _code(found["before"] or found["after"] or "") if found else ""


def read_price(text: str) -> Decimal:
    """The amount in `text`, by the rules above.

    Raises:
        ValidationError: there is none, or it isn't clear which.
    """
    found = _PRICE.fullmatch(_simplified(text)) if len(text) <= LONGEST else None
    if found is None or (found["before"] and found["after"] and _code(found["before"]) != _code(found["after"])):
        raise _not_a_price()
    whole, separator, decimals = _split(found["number"])
    grouped = _GROUPED.fullmatch(whole)
    if grouped and grouped["separator"] != separator:
        whole = re.sub(r"[^0-9]", "", whole)
    if not re.fullmatch(r"[0-9]*", whole) or not re.fullmatch(r"[0-9]*", decimals):
        raise _not_a_price()
    return Decimal(f"{found['sign']}{whole or 0}.{decimals}")


def _split(number: str) -> tuple[str, str, str]:
    """What stands before the decimal separator, the separator, and what stands after it; without one, the number as a whole."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number, "", ""
    whole, separator, decimals = number[:last], number[last], number[last + 1 :]
    groups_here = _GROUPED.fullmatch(number) and separator == get_format("THOUSAND_SEPARATOR", use_l10n=True)
    return (number, "", "") if separator in whole or groups_here else (whole, separator, decimals)


def _simplified(text: str) -> str:
    """With ordinary spaces, dashes and apostrophes, and without invisible characters."""
    visible = "".join(" " if character.isspace() else character for character in text if unicodedata.category(character) != "Cf")
    return re.sub(" +", " ", visible.translate(_LOOKALIKES)).strip()


def _code(typed: str) -> str:
    return SYMBOLS.get(typed.upper(), typed.upper())


def _not_a_price() -> ValidationError:
    return ValidationError(_("Enter an amount such as %(example)s."), "invalid", {"example": example_price()})
