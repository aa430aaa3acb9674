"""Customers and what is assigned to them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    label = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from customers import events  # noqa: F401  # registers how this app's audit events read
        from customers.handing_on import CUSTOMERS, TASKS
        from customers.importing.services import forget_customer
        from customers.services import before_erasure
        from partnerportal.agencies.team import holdings

        before_erasure.append(forget_customer)
        holdings.extend([TASKS, CUSTOMERS])
