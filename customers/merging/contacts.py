"""Contacts of customers that are merged.

Each customer keeps its contacts, because reviews name who was asked. The first one gets a copy of those it doesn't have.
"""

from typing import Any

from customers.merging.relations import Changes, Relation, no_rows
from customers.models import Contact, Customer
from customers.queries.duplicates import normalized, same_number
from partnerportal.core.email_addresses import canonical_address

#: Fields that a copy takes over.
_COPIED = ("role", "salutation", "first_name", "last_name", "email", "phone", "language")


def missing_contacts(first: Customer, second: Customer) -> list[Contact]:
    """Return the contacts of the second customer that the first one doesn't have."""
    own = list(first.contacts.in_order())
    return [contact for contact in second.contacts.in_order() if _counterpart(contact, own) is None and str(contact)]


def copy_contacts(first: Customer, second: Customer, changes: Changes) -> None:
    """Add the missing contacts to the first customer, and remember who is whom."""
    own = list(first.contacts.in_order())
    for contact in second.contacts.in_order():
        counterpart = _counterpart(contact, own)
        if counterpart is None and str(contact):
            fields = {name: getattr(contact, name) for name in _COPIED}
            counterpart = Contact.objects.create(agency_id=first.agency_id, customer=first, **fields)
            changes.created.append(counterpart)
            own.append(counterpart)
        changes.counterparts[None if contact.is_primary else contact.pk] = counterpart


def _counterpart(contact: Contact, others: list[Contact]) -> Contact | None:
    return next((other for other in others if _is_same(contact, other)), None)


def _is_same(one: Any, other: Any) -> bool:
    if one.email and other.email:
        return canonical_address(one.email) == canonical_address(other.email)
    if one.phone and other.phone and not same_number(one.phone, other.phone):
        return False
    name = normalized(one.person_name)
    return bool(name) and name == normalized(other.person_name) and not one.email


CONTACTS = Relation(Contact, None, moves=no_rows, resolve=copy_contacts, anchor="people")
