"""What shows several domains at once."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "partnerportal.desk"
    label = "desk"
    verbose_name = _("Workspace")
