"""The portal's own settings, and what only tests need: a finder of N+1 queries, static files without collecting them first."""

from partnerportal.settings import *  # noqa: F403
from partnerportal.settings import INSTALLED_APPS, STORAGES

INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
#: Many requests of one test come from one address.
ACCOUNT_RATE_LIMITS = False
