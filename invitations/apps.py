"""App configuration of invitations."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvitationsConfig(AppConfig):
    name = "invitations"
    label = "invitations"
    verbose_name = _("Invitations")

    def ready(self) -> None:
        from invitations import hooks  # noqa: F401  # apps are ready
