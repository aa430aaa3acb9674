"""The desk app: pages that show objects of several apps."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "partnerportal.desk"
    label = "desk"
    verbose_name = _("Workspace")

    def ready(self) -> None:
        from partnerportal.desk import hooks  # noqa: F401  # apps are ready
