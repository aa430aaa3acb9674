"""Registrations with other apps: the saved views of departing members."""

from partnerportal.agencies.services.team import departure_hooks
from partnerportal.desk.saved_views.services import leave_views

departure_hooks.append(leave_views)
