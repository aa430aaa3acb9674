"""Which contact of a customer receives an e-mail."""

from collections.abc import Sequence

from customers.models import Contact, ContactRole, Customer

#: Roles of the contacts who are notified of deadlines of domains and contracts, in order of preference.
DEADLINE_ROLES = (ContactRole.BILLING, ContactRole.TECHNICAL)


def contact_for(customer: Customer, roles: Sequence[str]) -> Contact:
    """Return the contact with an e-mail address and one of these roles, the first role first, or else the primary contact."""
    return fitting_contact(list(customer.contacts.in_order()), roles)


def fitting_contact(contacts: Sequence[Contact], roles: Sequence[str]) -> Contact:
    """Return the one of a customer's contacts, the primary one first, that `contact_for` returns."""
    fitting = [contact for role in roles for contact in contacts if contact.role == role and contact.email]
    return fitting[0] if fitting else contacts[0]


def addressable_contacts(customer: Customer) -> list[Contact]:
    """Return the customer's contacts with an e-mail address, the primary one first."""
    return list(customer.contacts.exclude(email="").in_order())
