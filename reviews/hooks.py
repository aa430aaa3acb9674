"""Registrations with other apps: erasure of reviews and delivery of review e-mails."""

from customers.services.contacts import primary_contact_hooks
from customers.services.customers import erasure_hooks
from partnerportal.outbox.models import on_delivery
from reviews import events  # noqa: F401  # registers the descriptions of audit events
from reviews.mails import REVIEW_EMAIL_KINDS
from reviews.services.requests import keep_recipients, record_delivery
from reviews.services.reviews import erase_customer_reviews

erasure_hooks.append(erase_customer_reviews)
primary_contact_hooks.append(keep_recipients)
for kind in REVIEW_EMAIL_KINDS:
    on_delivery(kind, record_delivery)
