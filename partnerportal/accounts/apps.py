"""Configuration of the app for accounts, and of the admin site."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "partnerportal.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from partnerportal.accounts import hooks  # noqa: F401  # apps are ready


class AdminConfig(admin_apps.AdminConfig):
    """Django's admin with the portal's sign-in."""

    # Not the default app of this package.
    default = False
    default_site = "partnerportal.accounts.admin_site.AdminSite"
