"""Fields that a CSV column can be mapped to, and the English and German headings that identify them."""

import re
import unicodedata
from collections.abc import Sequence

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
    "domains": _("Domains"),
    "responsible": _("Account manager (e-mail)"),
    "status": _("Status"),
}
#: Heading of the column with the reasons in the download of rows that weren’t imported.
REASON_COLUMN = "import_error"
#: Columns of our own downloads that an import ignores.
IGNORED_HEADINGS = ("number", REASON_COLUMN)

#: Headings of each field besides its own name.
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
#: Ambiguous headings: the last name if there is a column for first names, otherwise the company.
_NAME_HEADINGS = "name|Kunde|customer|Kundenname|customer name"


def normalize(text: str) -> str:
    """Remove case, accents, spaces and punctuation: “E-Mail-Adresse ” → “emailadresse”."""
    spelled = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", spelled))


_FIELD_BY_HEADING = {normalize(heading): field for field in FIELDS for heading in (field, *_HEADINGS.get(field, "").split("|"))}
_NORMALIZED_NAME_HEADINGS = {normalize(heading) for heading in _NAME_HEADINGS.split("|")}
_NORMALIZED_IGNORED_HEADINGS = {normalize(heading) for heading in IGNORED_HEADINGS}


def field_for_heading(heading: str) -> str:
    """Return the field that a heading identifies, or an empty string."""
    return _FIELD_BY_HEADING.get(normalize(heading), "")


def guess_mapping(headings: Sequence[str]) -> dict[int, str]:
    """Map column numbers to fields, each field at most once. A field's own name takes precedence over other headings."""
    mapping: dict[int, str] = {}

    def assign(column: int, field: str) -> None:
        if field and column not in mapping and field not in mapping.values():
            mapping[column] = field

    for column, heading in enumerate(headings):
        if heading.strip() in FIELDS:
            assign(column, heading.strip())
    for column, heading in enumerate(headings):
        assign(column, field_for_heading(heading))
    for column, heading in enumerate(headings):
        if normalize(heading) in _NORMALIZED_NAME_HEADINGS:
            assign(column, "last_name" if "first_name" in mapping.values() else "company")
    return dict(sorted(mapping.items()))


def looks_like_header(cells: Sequence[str]) -> bool:
    """Return whether the first row of a file seems to contain headings rather than a customer."""
    if guess_mapping(cells) or any(normalize(cell) in _NORMALIZED_IGNORED_HEADINGS for cell in cells):
        return True
    return not any("@" in cell or any(char.isdigit() for char in cell) for cell in cells)
