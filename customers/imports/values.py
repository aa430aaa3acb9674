"""Cleaning of cells: what spreadsheets and other programs put around a value, words for “nothing”, several values in one cell."""

import html
import re
from dataclasses import dataclass

from customers.imports.csv_output import unescape_formula
from partnerportal.core.validators import is_blank

#: Stands for a line break within a cell of converted workbooks and address books, so that each row of the CSV file is one line.
LINE_SEPARATOR = "\u2028"
#: Words that mean that a field is empty, in lower case.
_EMPTY = frozenset({"null", "\\n", "n/a", "n.a.", "#n/a", "#nv", "none", "nil", "unknown"})
_EMPTY |= {"keine", "keiner", "kein", "k.a.", "k. a.", "unbekannt"}
#: The same for names, cities and notes. Null is a last name; NULL isn't.
_EMPTY_NAMES = frozenset({"NULL", "\\N", "n/a", "N/A", "#N/A", "#NV"})
_NAMES = frozenset({"company", "first_name", "last_name", "full_name", "city"})
_DASHES = re.compile(r"[-–—*./_]*")  # these dashes are meant
#: A value that a program protects from a spreadsheet's conversion of numbers: ="01067"
_TEXT_CELL = re.compile(r'=\s*"(.*)"', re.DOTALL)
_ENTITY = re.compile(r"&(#\d+|#x[0-9a-f]+|[a-z][a-z0-9]+);", re.IGNORECASE)
#: A number that a spreadsheet displays in scientific notation, whose last digits are lost.
_SCIENTIFIC = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
#: Separates several values in exports of Google Contacts.
_VALUE_SEPARATOR = re.compile(r":::|[\n\r]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that occur in names of companies only, in lower case: legal forms, trades, institutions.
_COMPANY_WORDS = _words("""
    gmbh mbh ag kg ohg gbr ug eg e.k. e.v. kgaa se ltd ltd. limited inc inc. llc llp plc corp corp. co co. company gesellschaft
    s.r.o. a.s. s.a. s.p.a. srl sarl s.l. bv b.v. nv n.v. ab oy aps a/s & und and +
    apotheke agentur akademie architekten autohaus bank bistro brauerei buchhandlung bäckerei büro café center consulting design dienst
    druckerei fabrik fahrschule friseur garage gasthaus gasthof group gruppe gärtnerei hof holding hotel immobilien institut kanzlei kita
    klinik klub labor logistik markt media metzgerei museum möbel partner pension pflege physiotherapie praxis produktion restaurant
    schlosserei schreinerei schule service services shop software solutions spedition stiftung studio systeme systems theater tischlerei
    transporte university versicherung vertrieb weingut zentrum
""")
#: Ends of German compounds for companies, such as “Metallbau”.
_COMPANY_ENDINGS = ("bau", "betrieb", "handel", "handwerk", "werk", "werke", "werkstatt", "technik", "verein", "verband", "verlag")
_TITLES = re.compile(r"^(?:(?:dr|prof|dipl|mag|ing|med|jur|rer|nat|h\.c|phd|pd|univ)\.?(?:-\w+\.?)?\s+)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Name:
    """A name: of a company, or of a person."""

    company: str = ""
    first: str = ""
    last: str = ""


def clean(cell: str, field: str) -> str:
    """Return the value in a cell, or an empty string if the cell says that there is none."""
    text = cell.strip()
    if not text:
        return ""
    original = unescape_formula(text)
    if original == text and (quoted := _TEXT_CELL.fullmatch(text)):
        original = quoted[1].replace('""', '"')
    text = html.unescape(original) if _ENTITY.search(original) else original
    text = text.replace(LINE_SEPARATOR, "\n").strip()
    if field in ("zip", "phone", "other_phone", "number", "house_number"):
        text = text.lstrip("'")
    return "" if is_blank(text) or _is_empty(text, field) else text


def one_line(text: str, separator: str = " ") -> str:
    """Join the lines of a text."""
    return separator.join(filter(None, (line.strip(" ,") for line in text.splitlines()))) if "\n" in text or "\r" in text else text


def several(text: str) -> list[str]:
    """Return the values of a cell that contains one or several."""
    return [value for part in _VALUE_SEPARATOR.split(text) if (value := part.strip())]


def is_rounded(phone: str) -> bool:
    """Return whether a spreadsheet rounded a phone number."""
    return bool(_SCIENTIFIC.fullmatch(phone.strip()))


def split_name(text: str) -> Name:
    """Return the parts of a full name: “Krause, Udo”, “Dr. Jens Öhler” or “Tischlerei Krause GmbH”."""
    words = text.lower().replace(",", " ").split()
    if (
        len(words) == 1
        or len(words) > 5
        or any(word in _COMPANY_WORDS or word.endswith(_COMPANY_ENDINGS) or word[0].isdigit() for word in words)
    ):
        return Name(company=text)
    last, comma, first = text.partition(",")
    if not comma:
        first, _space, last = _TITLES.sub("", text).rpartition(" ")
        # Particles belong to the last name: Ludwig van Beethoven.
        while (particle := first.rpartition(" ")[2]).islower() and " " in first:
            first, last = first.rpartition(" ")[0], f"{particle} {last}"
    return Name(first=_TITLES.sub("", f"{first.strip()} ").strip(), last=last.strip()) if last.strip() else Name(company=text)


def _is_empty(text: str, field: str) -> bool:
    if _DASHES.fullmatch(text):
        return True
    if field in _NAMES or field == "notes":
        return text in _EMPTY_NAMES
    if field == "website" and text.lower() in ("http://", "https://", "www."):
        return True
    return text.lower().strip("*") in _EMPTY
