"""The app with the commands `seed_demo` and `seed_scale`."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "partnerportal.demo"
    label = "demo"
