"""Models of the desk app."""

from partnerportal.desk.address_data.models import AddressErasure
from partnerportal.desk.calendar.models import CalendarFeed
from partnerportal.desk.digest.models import DigestRun
from partnerportal.desk.saved_views.models import ListName, SavedView, ViewPin

__all__ = ["AddressErasure", "CalendarFeed", "DigestRun", "ListName", "SavedView", "ViewPin"]
