"""Registrations with other apps."""

from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.agencies import events  # noqa: F401  # registers the descriptions of audit events
from partnerportal.agencies.services.address_data import SECTIONS

ADDRESS_DATA.extend(SECTIONS)
