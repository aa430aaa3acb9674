"""App configuration of the demo data and its commands."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "partnerportal.demo"
    label = "demo"
