"""What a column of a CSV file can become, and which headings mean it, in English and German."""

import re
import unicodedata
from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Customer

#: Texts of a customer, as the form has them.
FORM_FIELDS = (
    "kind", "company", "salutation", "first_name", "last_name",
    "email", "phone", "website", "street", "zip", "city", "country",
    "language", "notes",
)  # fmt: skip
#: What a column can become: name → label.
FIELDS: dict[str, str | Promise] = {
    **{name: Customer._meta.get_field(name).verbose_name for name in FORM_FIELDS},  # type: ignore[union-attr]
    "domains": _("Domains"),
    "responsible": _("Account manager (e-mail)"),
    "status": _("Status"),
}
#: Head of the column that says what was wrong, in the CSV of rows in error.
REASON_COLUMN = "import_error"
#: Columns that we write and don't read: the portal gives the numbers.
IGNORED_HEADINGS = ("number", REASON_COLUMN)

#: Headings that are understood, besides each field's own name.
_HEADINGS = {
    "kind": "type|customer type|Art|Kundenart|Kundentyp|Typ",
    "company": "company name|Firma|Firmenname|Firma 1|Unternehmen|Unternehmensname|organisation|organization|organisation name"
    "|organization name|organization 1 name|business|business name|account|account name",
    "salutation": "Anrede",
    "first_name": "Vorname|given name|forename|Rufname",
    "last_name": "Nachname|surname|family name|Familienname|Zuname",
    "email": "mail|e-mail address|e-mail 1|e-mail 1 value|primary e-mail|E-Mail-Adresse|Mailadresse|E-Mail geschäftlich",
    "phone": "phone number|phone 1 value|telephone|business phone|mobile|mobile phone|Tel|Tel.-Nr.|Telefon|Telefon 1|Telefonnummer"
    "|Telefon geschäftlich|Rufnummer|Festnetz|Mobil|Mobiltelefon|Handy",
    "website": "web|web page|web site|url|site|homepage|internet|Webseite|Internetseite",
    "street": "address|street address|address 1|address line 1|street and number|business street|Straße|Straße und Hausnummer|Straße, Nr."
    "|Str.|Adresse|Anschrift|Straße geschäftlich",
    "zip": "zip code|postal code|postcode|PLZ|Postleitzahl",
    "city": "town|business city|Ort|Stadt|Wohnort|Ort geschäftlich",
    "country": "country code|country/region|nation|Land|Staat|Ländercode|Länderkürzel",
    "language": "lang|locale|Sprache",
    "notes": "note|comment|comments|Notiz|Notizen|Bemerkung|Bemerkungen|Kommentar|Kommentare|Anmerkung|Anmerkungen",
    "domains": "domain|domain name|domain names|Domainname|Domainnamen|Domäne|Domänen",
    "responsible": "responsible e-mail|owner|account manager|Verantwortlich|Verantwortliche|Verantwortlicher|Zuständig|Betreuer"
    "|Kundenbetreuer|Bearbeiter|Sachbearbeiter",
    "status": "Zustand",
}
#: Read only where nothing better is there: a plain “Name” is the last name beside a first name, else the company.
_NAME = "name|Kunde|customer|Kundenname|customer name"


def normalize(text: str) -> str:
    """A heading or value without case, accents, blanks and punctuation: “E-Mail-Adresse ” → “emailadresse”."""
    spelled = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", spelled))


_FIELD_BY_HEADING = {normalize(heading): field for field in FIELDS for heading in (field, *_HEADINGS.get(field, "").split("|"))}
_NAMES = {normalize(heading) for heading in _NAME.split("|")}
_OWN_NAMES = {normalize(heading) for heading in IGNORED_HEADINGS}


def field_for_heading(heading: str) -> str:
    """The field that a heading means; empty if none is known."""
    return _FIELD_BY_HEADING.get(normalize(heading), "")


def guess_mapping(headings: Sequence[str]) -> dict[int, str]:
    """Place of a column → the field it seems to be. No field twice; the heading that is the field's own name first."""
    found: dict[int, str] = {}

    def take(place: int, field: str) -> None:
        if field and place not in found and field not in found.values():
            found[place] = field

    for place, heading in enumerate(headings):
        if heading.strip() in FIELDS:
            take(place, heading.strip())
    for place, heading in enumerate(headings):
        take(place, field_for_heading(heading))
    for place, heading in enumerate(headings):
        if normalize(heading) in _NAMES:
            take(place, "last_name" if "first_name" in found.values() else "company")
    return dict(sorted(found.items()))


def looks_like_header(cells: Sequence[str]) -> bool:
    """Whether a file's first line seems to hold headings and not the first customer."""
    if guess_mapping(cells) or any(normalize(cell) in _OWN_NAMES for cell in cells):
        return True
    return not any("@" in cell or any(char.isdigit() for char in cell) for cell in cells)
