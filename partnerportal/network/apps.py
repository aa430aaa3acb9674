"""The partner network: the public directory and its profiles."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NetworkConfig(AppConfig):
    name = "partnerportal.network"
    label = "network"
    verbose_name = _("Partner network")

    def ready(self) -> None:
        from partnerportal.network import hooks  # noqa: F401  # apps are ready
