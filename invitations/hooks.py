"""Registrations with other apps: erasure of access, and the customer page's access rows."""

from customers.queries.customers import customer_page_sections
from customers.services.customers import erasure_hooks
from invitations import events  # noqa: F401  # registers the descriptions of audit events
from invitations.queries import access_section
from invitations.services.invitations import erase_customer_access

erasure_hooks.append(erase_customer_access)
customer_page_sections.append(access_section)
