"""Every e-mail of the product."""

from celery.signals import task_prerun
from django.apps import AppConfig
from django.db import close_old_connections
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    name = "partnerportal.outbox"
    label = "outbox"
    verbose_name = _("Outbox")

    def ready(self) -> None:
        from partnerportal.outbox import events  # noqa: F401  # registers how this app's audit events read

        # A worker keeps its database connection as a web process does, from job to job (see CELERY_DB_REUSE_MAX).
        task_prerun.connect(close_old_connections)
