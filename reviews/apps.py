"""Asking for reviews and showing them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    label = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from customers.services import before_erasure
        from partnerportal.outbox.outcomes import on_outcome
        from reviews import events  # noqa: F401  # registers how this app's audit events read
        from reviews.asking.mails import KINDS
        from reviews.asking.services import note_outcome
        from reviews.services import forget_customer

        before_erasure.append(forget_customer)
        for kind in KINDS:
            on_outcome(kind, note_outcome)
