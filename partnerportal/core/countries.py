"""Countries by their ISO 3166-1 codes, named in the reader's language (names: Unicode CLDR, through Babel)."""

import unicodedata
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language

#: CLDR also names what is no country: groupings, outlying or reserved codes.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "XK", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})


def country_choices() -> list[tuple[str, str]]:
    """(code, name) of every country, by name, in the active language."""
    return list(_choices(get_language() or "en"))


def country_name(code: str) -> str:
    """The country's name in the active language; the code itself if it has none."""
    return dict(_choices(get_language() or "en")).get(code, code)


@lru_cache(maxsize=8)
def _choices(language: str) -> tuple[tuple[str, str], ...]:
    locale = babel_locale(language)
    countries = [(code, name) for code, name in locale.territories.items() if len(code) == 2 and code not in _NO_COUNTRIES]
    return tuple(sorted(countries, key=lambda country: without_accents(country[1])))


def babel_locale(language: str) -> Locale:
    """Return Babel's locale of a language code of Django's; English if there is none."""
    try:
        return Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en")


def without_accents(name: str) -> str:
    """Return a key to sort names by: “Ägypten” belongs under A."""
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)).lower()
