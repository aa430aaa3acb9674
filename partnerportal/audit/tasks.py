"""Scheduled tasks of the audit log."""

from celery import shared_task

from partnerportal.audit.retention import remove_old_addresses
from partnerportal.core.batches import process_in_batches


@shared_task(name="audit.remove_old_addresses")
def remove_addresses() -> int:
    """Remove IP addresses past the retention period from audit events, and return their number."""
    return process_in_batches(remove_old_addresses)
