"""Registrations with other apps."""

from partnerportal.agencies import events  # noqa: F401  # registers the descriptions of audit events
