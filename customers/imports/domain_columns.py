"""Fields of a domain list, and the headings that identify them."""

from collections.abc import Callable, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.imports.columns import guess_mapping, normalize
from customers.models import Domain

#: Fields with yes or no.
SWITCHES = ("auto_renew", "notify_customer")
#: Fields that a list can change.
UPDATED_FIELDS = ("registrar", "expires_on", *SWITCHES)
#: Fields that a column can be mapped to: name → label.
DOMAIN_FIELDS: dict[str, str | Promise] = {
    "domain": _("Domain"),
    "customer": _("Customer (number, name or e-mail)"),
    **{name: Domain._meta.get_field(name).verbose_name for name in UPDATED_FIELDS},  # type: ignore[union-attr]
}
#: Fields that only domain lists have.
_TYPICAL = {*UPDATED_FIELDS}
#: Fields of a customer that a list with the customers of domains can contain as well: their names, or who takes care of them.
_NAMES = {"company", "full_name"}
_SHARED = _NAMES | {"domains", "responsible", "status", "notes", "tags"}

_HEADINGS = {
    "domain": "domain|domain name|domains|fqdn|host name|Domainname|Domäne",
    "customer": "customer number|customer no|customer id|customer|customer name|customer email|client number|client id|client|client name"
    "|account|account name|owner|company|company name|organization|organisation|registrant|registrant organization|registrant name"
    "|registrant email|holder|domain owner|Kundennummer|Kunden-Nr.|Kundennr|Kd-Nr.|Kd.-Nr.|Kundenkonto|Kunde|Kundenname|Firma|Firmenname"
    "|Unternehmen|Inhaber|Domaininhaber|Eigentümer",
    "registrar": "registrar",
    "expires_on": "expires on|expires|expiration date|expiration|expiry date|expiry|expire date|valid until|paid until|renewal date"
    "|next due date|Ablaufdatum|Ablauf|läuft ab|läuft ab am|gültig bis|Laufzeit bis|Laufzeitende|Verlängerung am",
    "auto_renew": "auto renew|auto renewal|automatic renewal|renews automatically|renewal mode|automatische Verlängerung"
    "|Auto-Verlängerung|verlängert automatisch|verlängert sich automatisch",
    "notify_customer": "notify the customer|notify customer|remind customer|customer is reminded|Kunden benachrichtigen"
    "|Kunde benachrichtigen|Kunden erinnern|Kunde wird erinnert",
}
_FIELD_BY_HEADING = {normalize(heading): field for field, headings in _HEADINGS.items() for heading in headings.split("|")}


def domain_field_for_heading(heading: str) -> str:
    """Return the field that a heading identifies, or an empty string."""
    return _FIELD_BY_HEADING.get(normalize(heading), "")


def is_domain_list(headings: Sequence[str]) -> bool:
    """Return whether a file with these headings contains domains rather than customers.

    A file with the customers of domains has no other columns of a customer, and no names or the domains before the names.
    """
    found = guess_domain_mapping(headings)
    fields = set(found.values())
    if "domain" not in fields or _TYPICAL & fields:
        return "domain" in fields
    customers = set(guess_mapping(headings).values())
    is_first = next(iter(found.values())) == "domain"
    return "customer" in fields and customers <= _SHARED and (is_first or not customers & _NAMES)


def guess_domain_mapping(headings: Sequence[str], fits: Callable[[int, str], bool] = lambda column, field: True) -> dict[int, str]:
    """Map column numbers to fields, each field at most once; see `guess_mapping`."""
    mapping: dict[int, str] = {}
    for column, heading in enumerate(headings):
        field = domain_field_for_heading(heading)
        if field and field not in mapping.values() and fits(column, field):
            mapping[column] = field
    return mapping
