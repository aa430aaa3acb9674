"""Registrations with other apps: the saved views of departing members and about erased customers."""

from customers.services.customers import erasure_hooks
from partnerportal.agencies.services.team import departure_hooks
from partnerportal.desk.saved_views.erasure import erase_from_views
from partnerportal.desk.saved_views.services import leave_views

departure_hooks.append(leave_views)
erasure_hooks.append(erase_from_views)
