"""Models of the desk app."""

from partnerportal.desk.saved_views.models import ListName, SavedView, ViewPin

__all__ = ["ListName", "SavedView", "ViewPin"]
