"""Removal of old IP addresses from audit events."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from partnerportal.audit.models import AuditEvent


@transaction.atomic
def remove_old_addresses(batch: int) -> int:
    """Remove the IP addresses of up to `batch` events past the retention period, and return their number.

    The events stay. Rows that another transaction has locked are skipped.
    """
    if not settings.IP_ADDRESS_RETENTION:
        return 0
    before = timezone.now() - timedelta(days=settings.IP_ADDRESS_RETENTION)
    old = AuditEvent.objects.filter(ip_address__isnull=False, created_at__lt=before).order_by("created_at")
    keys = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:batch])
    return AuditEvent.objects.filter(pk__in=keys).update(ip_address=None)
