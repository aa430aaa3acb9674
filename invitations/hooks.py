"""Registrations with other apps: erasure of access, and the customer page's access rows."""

from customers.queries.prefetch import extra_subqueries, timeline_names
from customers.services.customers import erasure_hooks
from invitations import events, queries  # noqa: F401  # registers the descriptions of audit events
from invitations.services.invitations import erase_customer_access

erasure_hooks.append(erase_customer_access)
extra_subqueries[queries.INVITATION_ROWS] = queries.invitation_rows
extra_subqueries[queries.REQUEST_ROWS] = queries.request_rows
timeline_names.append(queries.names_in_timeline)
