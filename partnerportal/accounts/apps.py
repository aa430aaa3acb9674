"""People and how they sign in."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "partnerportal.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from partnerportal.accounts import hooks  # noqa: F401


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin, with the portal's own sign-in."""

    # Not the one that the name of this package stands for.
    default = False
    default_site = "partnerportal.accounts.admin_site.AdminSite"
