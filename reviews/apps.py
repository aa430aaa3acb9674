"""Asking for reviews and showing them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    label = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from customers.services import erasure_hooks
        from partnerportal.outbox.delivery_hooks import on_delivery
        from reviews import events  # noqa: F401  # registers how this app's audit events read
        from reviews.requests.mails import REVIEW_EMAIL_KINDS
        from reviews.requests.services import record_delivery
        from reviews.services import erase_customer_reviews

        erasure_hooks.append(erase_customer_reviews)
        for kind in REVIEW_EMAIL_KINDS:
            on_delivery(kind, record_delivery)
