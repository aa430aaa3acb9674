"""Review requests of customers that are merged: open ones move, answered ones stay with their reviews."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from customers.merging.relations import Changes
from customers.models import Customer
from reviews.models import ReviewRequest
from reviews.services.requests import cancel_queued_email


def without_review(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Leave out answered requests and those for projects that stay because a review rates them."""
    return rows.exclude(status=ReviewRequest.Status.ANSWERED).exclude(project__review_requests__status=ReviewRequest.Status.ANSWERED)


def prepare_requests(first: Customer, second: Customer, changes: Changes) -> None:
    """Let moving requests keep their recipient, and join the open requests of both customers."""
    for request in without_review(ReviewRequest.objects.filter(customer=second)).select_related("contact").order_by("pk"):
        is_removed = request.contact is not None and request.contact.removed_at is not None
        recipient = changes.counterparts.get(None if is_removed else request.contact_id)
        contact_id = None if recipient is None or recipient.is_primary else recipient.pk
        if contact_id != request.contact_id:
            changes.change(request, contact_id=contact_id)
    _join_open_requests(first, second, changes)


def _join_open_requests(first: Customer, second: Customer, changes: Changes) -> None:
    """If both customers have an open request for the company, keep the older one. The link of the newer one leads to it."""
    company = ReviewRequest.objects.filter(project=None, status=ReviewRequest.Status.OPEN)
    requests = list(company.filter(Q(customer=first) | Q(customer=second)).order_by("pk"))
    if len(requests) < 2:
        return
    now = timezone.now()
    older, newer = sorted(requests, key=lambda request: (request.expires_at <= now, request.pk))
    cancel_queued_email(newer)
    changes.change(newer, status=ReviewRequest.Status.WITHDRAWN, withdrawn_at=now, joined_to_id=older.pk)


def joined_link(review_request: ReviewRequest) -> str | None:
    """Return the link to which the link of a request leads that was joined with another one, if any."""
    if review_request.status != ReviewRequest.Status.WITHDRAWN or not review_request.joined_to_id:
        return None
    joined = ReviewRequest.objects.get(pk=review_request.joined_to_id)
    return joined.link
