"""Configuration of the app for agencies, their members and roles."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgenciesConfig(AppConfig):
    name = "partnerportal.agencies"
    label = "agencies"
    verbose_name = _("Agencies")

    def ready(self) -> None:
        from partnerportal.agencies import hooks  # noqa: F401  # apps are ready
