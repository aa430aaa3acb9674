"""What prospects write to an agency."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestsInboxConfig(AppConfig):
    name = "requests_inbox"
    label = "requests_inbox"
    verbose_name = _("Requests")

    def ready(self) -> None:
        from customers.services import erasure_hooks
        from partnerportal.agencies.team import reassignable_work
        from requests_inbox import events  # noqa: F401  # registers how this app's audit events read
        from requests_inbox.reassignment import REQUESTS
        from requests_inbox.services import erase_customer_requests

        erasure_hooks.append(erase_customer_requests)
        reassignable_work.append(REQUESTS)
