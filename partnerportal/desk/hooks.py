"""Registrations with other apps: the saved views of departing members, and erasure of digests and saved views."""

from customers.services.customers import erasure_hooks
from partnerportal.agencies.services.team import departure_hooks
from partnerportal.desk.digest.services import erase_digests
from partnerportal.desk.saved_views.erasure import erase_from_views
from partnerportal.desk.saved_views.services import leave_views

departure_hooks.append(leave_views)
erasure_hooks.append(erase_digests)
erasure_hooks.append(erase_from_views)
