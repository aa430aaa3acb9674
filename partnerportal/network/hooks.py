"""Registrations with other apps."""

from partnerportal.network import events  # noqa: F401  # registers the descriptions of audit events
