"""App of the outbox, through which all e-mails are sent."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    name = "partnerportal.outbox"
    label = "outbox"
    verbose_name = _("Outbox")

    def ready(self) -> None:
        from partnerportal.outbox import hooks  # noqa: F401  # apps are ready
