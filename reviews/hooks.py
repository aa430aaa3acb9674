"""Registrations with other apps: erasure of reviews, and the outcome of e-mails that request reviews."""

from customers.services.customers import erasure_hooks
from partnerportal.outbox.models import on_delivery
from reviews import events  # noqa: F401  # registers the descriptions of audit events
from reviews.mails import REVIEW_EMAIL_KINDS
from reviews.services.requests import record_delivery
from reviews.services.reviews import erase_customer_reviews

erasure_hooks.append(erase_customer_reviews)
for kind in REVIEW_EMAIL_KINDS:
    on_delivery(kind, record_delivery)
