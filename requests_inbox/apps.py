"""The requests app: contact requests that prospects send to agencies."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RequestsInboxConfig(AppConfig):
    name = "requests_inbox"
    label = "requests_inbox"
    verbose_name = _("Requests")

    def ready(self) -> None:
        from requests_inbox import hooks  # noqa: F401  # apps are ready
