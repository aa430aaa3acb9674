"""Countries: ISO 3166-1 codes, and names in the active language from Unicode CLDR."""

import unicodedata
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

#: Codes of CLDR that aren't countries: groupings, outlying territories and reserved codes.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "XK", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})


def country_choices() -> list[tuple[str, str]]:
    """Return the code and name of every country, sorted by name."""
    return list(_choices(get_language() or "en"))


def country_name(code: str) -> str:
    """Return the country's name in the active language, or the code if it is unknown."""
    return dict(_choices(get_language() or "en")).get(code, code)


class Select(forms.Select):
    """Select of all countries, which is rendered once per language; then only the selected option is marked.

    crispy-forms derives the CSS class from its name.
    """

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        empty_label = next((str(label) for code, label in self.choices if not code), "")
        attributes = tuple(self.build_attrs(self.attrs, attrs).items())
        unselected = _select(get_language() or "en", name, empty_label, attributes)
        option = format_html('<option value="{}"', value or "")
        return SafeString(unselected.replace(f"{option}>", f"{option} selected>", 1))  # nosec B703  # both parts are escaped


@lru_cache(maxsize=64)
def _select(language: str, name: str, empty_label: str, attributes: tuple[tuple[str, Any], ...]) -> str:
    # No option has the value 0.
    return forms.Select(dict(attributes), [("", empty_label), *_choices(language)]).render(name, 0)


@lru_cache(maxsize=8)
def _choices(language: str) -> tuple[tuple[str, str], ...]:
    locale = babel_locale(language)
    countries = [(code, name) for code, name in locale.territories.items() if len(code) == 2 and code not in _NO_COUNTRIES]
    return tuple(sorted(countries, key=lambda country: without_accents(country[1])))


def babel_locale(language: str) -> Locale:
    """Return Babel's locale for a Django language code, or English if there is none."""
    try:
        return Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en")


def without_accents(name: str) -> str:
    """Return a sort key for names that sorts “Ägypten” under A."""
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)).lower()
