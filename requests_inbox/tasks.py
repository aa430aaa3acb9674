"""What beat does for the inbox."""

from celery import shared_task
from django.db.models import Exists, OuterRef

from partnerportal.agencies.models import Agency
from requests_inbox.models import DEFAULT_KEEP_DAYS, ContactRequest
from requests_inbox.services.requests import delete_expired

#: So many requests are deleted in one transaction.
BATCH = 500


@shared_task(name="requests_inbox.delete_settled")
def delete_settled_requests() -> int:
    """Delete closed requests and spam whose term is over, agency by agency, batch by batch; how many that were."""
    settled = ContactRequest.objects.filter(agency=OuterRef("pk"), status__in=["closed", "spam"])
    deleted = 0
    for agency in Agency.objects.filter(Exists(settled)).select_related("inbox_settings").order_by("pk"):
        keep_days = agency.inbox_settings.keep_days if hasattr(agency, "inbox_settings") else DEFAULT_KEEP_DAYS
        while count := delete_expired(agency, keep_days=keep_days, batch=BATCH):
            deleted += count
    return deleted
