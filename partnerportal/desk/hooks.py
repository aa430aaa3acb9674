"""Registrations with other apps: the saved views of departing members, and erasure of digests and saved views."""

from customers.services.customers import copy_erasure_hooks
from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.agencies.services.team import departure_hooks
from partnerportal.desk.address_data import events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.desk.digest.services import erase_digests
from partnerportal.desk.saved_views.address_data import SECTIONS
from partnerportal.desk.saved_views.erasure import erase_from_views
from partnerportal.desk.saved_views.services import leave_views

departure_hooks.append(leave_views)
copy_erasure_hooks.extend([erase_digests, erase_from_views])
ADDRESS_DATA.extend(SECTIONS)
