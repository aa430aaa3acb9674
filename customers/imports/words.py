"""Words in files for the kind, salutation, language, status and country of a customer.

Each function returns the field's value, or an empty string for an unknown word.
"""

import re
from functools import cache

from babel import Locale
from babel.core import get_global

from customers.imports.columns import normalize
from partnerportal.core.countries import country_choices


def _by_word(words: dict[str, str]) -> dict[str, str]:
    """Return the value of each normalized word."""
    return {normalize(word): value for value, joined in words.items() for word in joined.split("|")}


_KINDS = _by_word(
    {
        "company": "company|Firma|Firmenkunde|Unternehmen|business|organisation|organization|B2B",
        "person": "person|Privatperson|Privat|Privatkunde|private|individual|B2C",
    }
)
_SALUTATIONS = _by_word(
    {
        "ms": "ms|mrs|miss|Frau|Fr|Madame|Mme|w|f|female|weiblich",
        "mr": "mr|Herr|Herrn|Hr|Monsieur|m|male|männlich",
        "mx": "mx|Divers|d|x|diverse",
    }
)
_LANGUAGES = _by_word({"en": "en|eng|english|Englisch", "de": "de|deu|ger|german|Deutsch"})
_SWITCHES = _by_word(
    {
        "on": "on|yes|y|true|1|enabled|active|auto|automatic|autorenew|Ja|J|An|Ein|Aktiv|Aktiviert|Automatisch|Wahr",
        "off": "off|no|n|false|0|disabled|inactive|manual|expire|Nein|Aus|Inaktiv|Deaktiviert|Manuell|Falsch",
    }
)
_STATUSES = _by_word({"active": "active|Aktiv", "archived": "archived|Archiviert|inactive|Inaktiv"})
#: Names of countries that are neither an ISO code nor a name in Unicode CLDR.
_COUNTRIES = _by_word(
    {
        "AT": "A|Republik Österreich", "CH": "Schweizerische Eidgenossenschaft", "CZ": "Czech Republic|Tschechische Republik",
        "DE": "D|BRD|Bundesrepublik Deutschland|Federal Republic of Germany", "GB": "UK|England|Great Britain|Großbritannien|Britain",
        "HK": "Hong Kong|Hongkong", "IE": "Republic of Ireland", "KR": "South Korea|Korea", "MO": "Macau|Macao",
        "NL": "Holland|The Netherlands",
        "RU": "Russian Federation", "SK": "Slovak Republic", "TR": "Turkey|Türkei", "US": "USA|U.S.A.|United States of America|America",
        "BY": "Weißrussland", "MK": "Macedonia|Mazedonien", "SZ": "Swaziland", "VN": "Viet Nam", "CI": "Ivory Coast|Elfenbeinküste",
    }
)  # fmt: skip
#: Languages whose names of countries are recognized. Later ones win.
_NAME_LANGUAGES = (
    "cs", "da", "es", "et", "fi", "fr", "hr", "hu", "is", "it", "lt", "lv",
    "nl", "pl", "pt", "ro", "sk", "sl", "sv", "tr", "de", "en",
)  # fmt: skip
_PARENTHESES = re.compile(r"\s*[(\[](.*?)[)\]]\s*$")


def kind(text: str) -> str:
    return _KINDS.get(normalize(text), "")


def status(text: str) -> str:
    return _STATUSES.get(normalize(text), "")


def switch(text: str) -> bool | None:
    """Return whether the text means “yes”, or None if it is unknown."""
    word = _SWITCHES.get(normalize(text))
    return None if word is None else word == "on"


def salutation(text: str) -> str:
    """Return the salutation in a text such as “Frau Prof. Dr.” or “Sehr geehrte Frau”. Several people have none."""
    found = {_SALUTATIONS[word] for word in map(normalize, text.split()) if word in _SALUTATIONS}
    return found.pop() if len(found) == 1 else ""


def is_exact_salutation(text: str) -> bool:
    """Return whether the text is nothing but a salutation, without a title that would be lost."""
    return normalize(text) in _SALUTATIONS


def language(text: str) -> str:
    """Return the portal's language in a text such as “de_AT”, “Deutsch (Deutschland)” or “German / Deutsch”."""
    first = re.split(r"[-_/(,;\s]", text.strip(), maxsplit=1)[0]
    return _LANGUAGES.get(normalize(first), "")


def country(text: str) -> str:
    """Return the ISO 3166-1 code of a country that is given as a code, a name or both, such as “Deutschland (DE)”."""
    codes = _country_codes()
    if code := codes.get(normalize(text)):
        return code
    if parenthesis := _PARENTHESES.search(text):
        return codes.get(normalize(text[: parenthesis.start()])) or codes.get(normalize(parenthesis[1]), "")
    return ""


@cache
def _country_codes() -> dict[str, str]:
    """Return the ISO codes of countries by two or three letters and by name."""
    known = {code for code, _name in country_choices()}
    names = {
        normalize(name): code for language in _NAME_LANGUAGES for code, name in Locale.parse(language).territories.items() if code in known
    }
    three_letters = {normalize(alias): codes[0] for alias, codes in get_global("territory_aliases").items() if codes[0] in known}
    two_letters = {normalize(code): code for code in known}
    return {key: code for key, code in {**three_letters, **names, **two_letters, **_COUNTRIES}.items() if key}
