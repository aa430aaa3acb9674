"""Further contacts of a row: its further e-mail addresses and phone numbers, and the column `contacts` of the portal's export."""

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from customers.models import Contact
from partnerportal.core.fields import AddressFormField

#: Parts of a line in the column `contacts`, which has a line for each contact.
PARTS = ("salutation", "first_name", "last_name", "email", "phone", "role", "language")
_SEPARATOR = re.compile(r"\s*(?<!\\)\|\s*")
_address = AddressFormField()
_MODEL_FIELDS: dict[str, Any] = {name: Contact._meta.get_field(name) for name in PARTS}


def written(contacts: Iterable[dict[str, str]]) -> str:
    """Return the column `contacts` of these contacts: “ms | Olga | Orlow | olga@client.example | +49 30 55 | billing | de”."""
    return "\n".join(" | ".join(contact[name].replace("|", "\\|") for name in PARTS) for contact in contacts)


def read_line(line: str) -> dict[str, str] | None:
    """Return the contact in a line of the column `contacts`, or None if it contains something else."""
    values = [part.replace("\\|", "|").strip() for part in _SEPARATOR.split(line.strip())]
    if len(values) != len(PARTS):
        return None
    fields = {name: valid_value(name, value) for name, value in zip(PARTS, values, strict=True)}
    is_read = all(fields[name] or not value for name, value in zip(PARTS, values, strict=True))
    says_something = any(fields[name] for name in ("first_name", "last_name", "email", "phone"))
    return {name: value or "" for name, value in fields.items()} if is_read and says_something else None


def valid_value(name: str, value: str) -> str | None:
    """Return the value of a contact's field, or None if the field doesn't accept it."""
    try:
        return str(_address.clean(value) if name == "email" and value else _MODEL_FIELDS[name].clean(value, None))
    except ValidationError:
        return None
