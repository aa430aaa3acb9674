"""Append-only audit log."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "partnerportal.audit"
    label = "audit"
    verbose_name = _("Audit log")

    def ready(self) -> None:
        from partnerportal.audit import hooks  # noqa: F401  # apps are ready
