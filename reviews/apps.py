"""Asking for reviews and showing them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    label = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from customers.services import before_erasure
        from reviews import events  # noqa: F401  # registers how this app's audit events read
        from reviews.services import forget_customer

        before_erasure.append(forget_customer)
