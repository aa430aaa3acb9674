"""Models of the desk app."""

from partnerportal.desk.calendar.models import CalendarFeed
from partnerportal.desk.saved_views.models import ListName, SavedView, ViewPin

__all__ = ["CalendarFeed", "ListName", "SavedView", "ViewPin"]
