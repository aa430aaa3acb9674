"""Background tasks of the inbox."""

from celery import shared_task
from django.db.models import Exists, OuterRef

from partnerportal.agencies.models import Agency
from requests_inbox.models import ContactRequest, RequestStatus
from requests_inbox.services.reply_times import refresh_reply_times
from requests_inbox.services.requests import delete_expired

#: Maximum number of requests deleted in one transaction.
BATCH = 500


@shared_task(name="requests_inbox.delete_settled")
def delete_settled_requests() -> int:
    """Delete all settled requests past their agency's retention period, and return their number."""
    settled = ContactRequest.objects.filter(agency=OuterRef("pk"), status__in=[RequestStatus.CLOSED, RequestStatus.SPAM])
    deleted = 0
    for agency in Agency.objects.filter(Exists(settled)).order_by("pk"):
        while count := delete_expired(agency, batch=BATCH):
            deleted += count
    return deleted


@shared_task(name="requests_inbox.refresh_reply_times")
def refresh_all_reply_times() -> int:
    """Refresh the reply times on public profiles, and return the number of changed ones."""
    return refresh_reply_times()
