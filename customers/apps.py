"""Customers and what is assigned to them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    label = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from customers import events  # noqa: F401  # registers how this app's audit events read
        from customers.imports.services import erase_import_traces
        from customers.reassignment import CUSTOMERS, TASKS
        from customers.services import erasure_hooks
        from partnerportal.agencies.team import reassignable_work

        erasure_hooks.append(erase_import_traces)
        reassignable_work.extend([TASKS, CUSTOMERS])
