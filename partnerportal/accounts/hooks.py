"""Receivers of Django's and allauth's signals, connected when these modules are imported."""

from partnerportal.accounts import reauthentication, sessions  # noqa: F401
from partnerportal.accounts.services import second_factors  # noqa: F401
