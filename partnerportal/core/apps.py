"""App with the code shared by all others."""

from django.apps import AppConfig
from django.conf import settings


class CoreConfig(AppConfig):
    name = "partnerportal.core"
    label = "core"

    def ready(self) -> None:
        if settings.SENTRY_DSN:
            from partnerportal.core.error_tracking import start_error_tracking  # optional package

            start_error_tracking(settings.SENTRY_DSN)
