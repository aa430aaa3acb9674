"""What prospects write to an agency."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestsInboxConfig(AppConfig):
    name = "requests_inbox"
    label = "requests_inbox"
    verbose_name = _("Requests")

    def ready(self) -> None:
        from customers.services import before_erasure
        from partnerportal.agencies.team import holdings
        from requests_inbox import events  # noqa: F401  # registers how this app's audit events read
        from requests_inbox.handing_on import REQUESTS
        from requests_inbox.services import forget_customer

        before_erasure.append(forget_customer)
        holdings.append(REQUESTS)
