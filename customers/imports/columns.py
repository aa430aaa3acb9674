"""Fields that a column can be mapped to, and the English and German headings that identify them."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Customer

#: Fields of the customer form.
FORM_FIELDS = (
    "kind", "company", "salutation", "first_name", "last_name",
    "email", "phone", "website", "street", "zip", "city", "country",
    "language", "notes",
)  # fmt: skip
#: Fields that a column can be mapped to: name → label.
FIELDS: dict[str, str | Promise] = {
    **{name: Customer._meta.get_field(name).verbose_name for name in FORM_FIELDS},  # type: ignore[union-attr]
    "full_name": _("Name (first and last)"),
    "other_email": _("Another e-mail"),
    "other_phone": _("Another phone number"),
    "house_number": _("House number"),
    "address_line": _("Another address line"),
    "contacts": _("Further contacts"),
    "domains": _("Domains"),
    "responsible": _("Account manager"),
    "status": _("Status"),
    "number": _("Customer number"),
}
#: Fields of which a customer's name can be taken.
NAME_FIELDS = ("company", "last_name", "full_name")
#: Fields that several columns can be mapped to. Further columns are added to the notes with their headings.
REPEATABLE = ("notes", "other_email", "other_phone", "address_line")
#: The field for a second column of the same kind.
_FURTHER = {"email": "other_email", "phone": "other_phone", "address_line": "address_line"}
#: Headings of the portal's own export.
EXPORT_HEADINGS = ("number", *FORM_FIELDS, "domains", "responsible", "status", "contacts")
#: Heading of the column with the reasons in the download of rows that weren’t imported.
REASON_COLUMN = "import_error"
#: Columns of our own downloads that an import ignores.
IGNORED_HEADINGS = ("number", REASON_COLUMN)

#: Headings of each field besides its own name.
_HEADINGS = {
    "kind": "type|customer type|Art|Kundenart|Kundentyp|Typ",
    "company": "company name|Firma|Firmenname|Firma 1|Unternehmen|Unternehmensname|organisation|organization|organisation name"
    "|organization name|organization 1 name|business|business name|account|account name",
    "salutation": "Anrede|name prefix",
    "first_name": "Vorname|given name|forename|Rufname",
    "last_name": "Nachname|surname|family name|Familienname|Zuname",
    "email": "mail|e-mail address|e-mail 1|e-mail 1 value|primary e-mail|E-Mail-Adresse|Mailadresse|E-Mail geschäftlich"
    "|E-Mail Adresse geschäftlich",
    "phone": "phone number|phone 1 value|telephone|business phone|mobile|mobile phone|Tel|Tel.-Nr.|Telefon|Telefon 1|Telefonnummer"
    "|Telefon geschäftlich|Telefon mobil|Rufnummer|Festnetz|Mobil|Mobilnummer|Mobiltelefon|Handy",
    "website": "web|web page|web site|website url|website 1 value|url|site|homepage|internet|Webseite|Internetseite",
    "street": "address|street address|address 1|address line 1|street and number|street/road name|business street|Straße"
    "|Straße und Hausnummer|Straße, Nr.|Straße / Nummer|Str.|Adresse|Anschrift|Straße geschäftlich",
    "zip": "zip code|postal code|zip/postal code|postcode|PLZ|Postleitzahl",
    "city": "town|business city|city/town/village/locality|Ort|Stadt|Wohnort|Ort geschäftlich",
    "country": "country code|country/region|nation|Land|Staat|Ländercode|Länderkürzel",
    "language": "lang|locale|preferred language|Sprache",
    "notes": "note|comment|comments|description|Notiz|Notizen|Bemerkung|Bemerkungen|Kommentar|Kommentare"
    "|Anmerkung|Anmerkungen|Beschreibung",
    "other_email": "secondary e-mail|e-mail 2|e-mail 2 value|e-mail 2 address|e-mail 3|e-mail 3 value|e-mail 3 address|other e-mail"
    "|E-Mail Adresse Büro|E-Mail privat|weitere E-Mail",
    "other_phone": "phone 2|phone 2 value|phone 3 value|business phone 2|other phone|company main phone|home phone|Telefon 2"
    "|Telefon privat|weitere Telefonnummer",
    "house_number": "house number|street number|Hausnummer|Hausnr.",
    "address_line": "address 2|address line 2|street 2|street 3|street address 2|extended address|Adresszusatz|Adresszeile 2"
    "|Straße 2|Zusatz",
    "contacts": "further contacts|other contacts|weitere Kontakte|weitere Ansprechpartner",
    "domains": "domain|domain name|domain names|company domain name|Domainname|Domainnamen|Domäne|Domänen",
    "responsible": "responsible e-mail|owner|account manager|account owner|company owner|contact owner|Verantwortlich|Verantwortliche"
    "|Verantwortlicher|Zuständig|Betreuer|Kundenbetreuer|Bearbeiter|Sachbearbeiter",
    "status": "Zustand",
}
#: Ambiguous headings: the last name if there is a column for first names, otherwise the full name or the company.
_NAME_HEADINGS = "name|Kunde|customer|Kundenname|customer name"
#: What programs put before and after a heading, normalized.
_PREFIX = re.compile(r"^(business|mailing|billing|defaultaddress|organization|address1|rechnungsadresse|primary)")
_SUFFIX = re.compile(r"(ofaddress|geschaeftlich|value)$")


def normalize(text: str) -> str:
    """Remove case, accents, spaces and punctuation: “E-Mail-Adresse ” → “emailadresse”."""
    spelled = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", spelled))


_FIELD_BY_HEADING = {
    normalize(heading): field for field in FIELDS if field != "number" for heading in f"{field}|{_HEADINGS.get(field, field)}".split("|")
}
_NORMALIZED_NAME_HEADINGS = {normalize(heading) for heading in _NAME_HEADINGS.split("|")}
_NORMALIZED_IGNORED_HEADINGS = {normalize(heading) for heading in IGNORED_HEADINGS}


def field_for_heading(heading: str) -> str:
    """Return the field that a heading identifies, or an empty string."""
    return _FIELD_BY_HEADING.get(normalize(heading), "")


def guess_mapping(headings: Sequence[str], fits: Callable[[int, str], bool] = lambda column, field: True) -> dict[int, str]:
    """Map column numbers to fields, most fields at most once. A field's own name takes precedence over other headings.

    Args:
        fits: Returns whether the values of a column fit a field. Columns with other values aren't proposed.
    """
    mapping: dict[int, str] = {}

    def assign(column: int, field: str) -> None:
        if field in mapping.values() and field not in REPEATABLE:
            field = _FURTHER.get(field, "")
        if field and column not in mapping and fits(column, field):
            mapping[column] = field

    for column, heading in enumerate(headings):
        if heading.strip() in FIELDS:
            assign(column, heading.strip())
    for column, heading in enumerate(headings):
        assign(column, field_for_heading(heading))
    for column, heading in enumerate(headings):
        if normalize(heading) in _NORMALIZED_NAME_HEADINGS:
            assign(column, _name_field(mapping))
    shortened = [_SUFFIX.sub("", _PREFIX.sub("", normalize(heading))) for heading in headings]
    # A column with the whole address comes last, because there may be one with the street.
    for column, heading in sorted(enumerate(shortened), key=lambda found: found[1] == "address"):
        assign(column, _FIELD_BY_HEADING.get(heading, ""))
    return dict(sorted(mapping.items()))


def _name_field(mapping: dict[int, str]) -> str:
    found = set(mapping.values())
    if "last_name" not in found:
        return "last_name" if "first_name" in found else "full_name"
    return "full_name" if "company" in found else "company"


def looks_like_header(cells: Sequence[str]) -> bool:
    """Return whether the first row of a file seems to contain headings rather than a customer."""
    if guess_mapping(cells) or any(normalize(cell) in _NORMALIZED_IGNORED_HEADINGS for cell in cells):
        return True
    return not any("@" in cell or any(char.isdigit() for char in cell) for cell in cells)
