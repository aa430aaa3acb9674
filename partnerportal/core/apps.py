"""App with the code shared by all others."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "partnerportal.core"
    label = "core"
