"""What happens to reviews. Each function is one transaction, the audit event included."""

from typing import Any

from django.db import transaction

from customers.models import Customer
from partnerportal.accounts.models import User
from partnerportal.audit.models import AuditEvent
from partnerportal.audit.services import record
from reviews.asking.services import lock_open, refuse_own_staff, withdraw_request
from reviews.asking.stopping import forget_stop
from reviews.models import Review, ReviewRequest


@transaction.atomic
def submit_review(review_request: ReviewRequest, **answers: Any) -> Review:
    """Save the customer's answers (the fields of `Review`) and close the personal link: one review for one request.

    Raises:
        RequestClosed: it was answered, withdrawn or expired meanwhile.
        ValidationError: the customer's address belongs to the agency's staff.
    """
    locked = lock_open(review_request)
    refuse_own_staff(locked.customer)
    review = Review.objects.create(agency=locked.agency, request=locked, **answers)
    locked.status = ReviewRequest.Status.ANSWERED
    locked.save(update_fields=["status"])
    record(
        "review.submitted",
        on=review,
        label=locked.customer.reference,
        agency=locked.agency,
        by=None,
        customer=locked.customer,
        source=AuditEvent.Source.LINK,
    )
    return review


def forget_customer(customer: Customer, by: User) -> None:
    """A customer is about to be erased: their open links close, unanswered requests go, published reviews lose the name, a “stop” goes.

    Registered with `customers.services.before_erasure`; runs in that transaction.
    """
    for asked in customer.review_requests.open().select_related("agency", "customer"):
        withdraw_request(asked, by=by)
    customer.review_requests.exclude(status=ReviewRequest.Status.ANSWERED).delete()
    # The mails' own words greet by name.
    customer.review_requests.update(greeting="", closing="")
    forget_stop(customer)
    Review.objects.filter(request__customer=customer).update(author="")
